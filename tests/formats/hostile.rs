//! Files made to do harm, and harmless ones that look alike.

use crate::rig::{Counted, entries, read};
use std::io::{Cursor, Write};
use std::net::TcpListener;
use std::ops::ControlFlow;
use studyroute::formats::{self, Options, Refused};

fn gpx(inside: &str) -> String {
    format!("<gpx version=\"1.1\">{inside}<wpt lat=\"35.5\" lon=\"116.9\"><name>闸</name></wpt></gpx>")
}

fn utf_16(text: &str, bom: bool, big: bool) -> Vec<u8> {
    let units = bom.then_some(0xfeff).into_iter().chain(text.encode_utf16());
    units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

/// What a refusal says, or how many places were read.
fn outcome(bytes: &[u8]) -> Result<usize, String> {
    read(bytes).map(|(_, items)| entries(&items).len()).map_err(|refused| refused.to_string())
}

fn assert_outcomes(cases: &[(&str, Vec<u8>, Result<usize, &str>)]) {
    for (name, bytes, expected) in cases {
        match (outcome(bytes), expected) {
            (Ok(found), Ok(places)) => assert_eq!(found, *places, "{name}"),
            (Err(message), Err(word)) => assert!(message.contains(word), "{name}: {message}"),
            (found, _) => panic!("{name}: {found:?}"),
        }
    }
}

const LAUGHS: &str = "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY lol \"lol\">\
    <!ENTITY lol1 \"&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;\">\
    <!ENTITY lol2 \"&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;\">]>";

#[test]
fn xml_tricks_are_refused_and_plain_xml_is_read() {
    let laughs = format!("{LAUGHS}{}", gpx("<name>&lol2;</name>"));
    let attributes = |count: u32| (0..count).map(|i| format!(" a{i}=\"\"")).collect::<Vec<_>>().concat();
    let nested = |depth: usize| gpx(&format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth)));
    let kml = |depth: usize| {
        let (open, close) = ("<Folder>".repeat(depth), "</Folder>".repeat(depth));
        format!("<kml>{open}<Placemark><Point><coordinates>116,35</coordinates></Point></Placemark>{close}</kml>")
    };
    assert_outcomes(&[
        ("plain", gpx("").into(), Ok(1)),
        ("a byte order mark", format!("\u{feff}{}", gpx("")).into(), Ok(1)),
        ("UTF-16 with a mark", utf_16(&gpx(""), true, false), Ok(1)),
        ("UTF-16 without one", utf_16(&gpx(""), false, true), Ok(1)),
        ("laughs", laughs.clone().into(), Err("document type")),
        ("laughs in UTF-16", utf_16(&laughs, true, false), Err("document type")),
        ("laughs in UTF-16 without a mark", utf_16(&laughs, false, true), Err("document type")),
        ("an entity from nowhere", gpx("<name>&nbsp;</name>").into(), Err("&nbsp;")),
        ("the five entities", gpx("<name>&lt;&gt;&amp;&quot;&apos;&#x4e2d;</name>").into(), Ok(1)),
        ("50,000 attributes", gpx(&format!("<x{}/>", attributes(50_000))).into(), Err("attributes")),
        ("90 attributes", gpx(&format!("<x{}/>", attributes(90))).into(), Ok(1)),
        ("an attribute twice", gpx("<x a=\"1\" a=\"2\"/>").into(), Err("well-formed")),
        ("depth 100,000", nested(100_000).into(), Err("nested")),
        ("depth 40", nested(40).into(), Ok(1)),
        ("100,000 folders", kml(100_000).into(), Err("nested")),
        ("60 folders", kml(60).into(), Ok(1)),
        ("a control character", gpx("<name>\u{1}</name>").into(), Err("control character")),
        ("a hidden control character", gpx("<name>&#1;</name>").into(), Err("control character")),
        ("says UTF-16 and is not", format!("<?xml version='1.0' encoding='UTF-16'?>{}", gpx("")).into(), Err("UTF-16")),
        (
            "says UTF-16 and is",
            utf_16(&format!("<?xml version='1.0' encoding='UTF-16'?>{}", gpx("")), true, true),
            Ok(1),
        ),
        (
            "an encoding from nowhere",
            format!("<?xml version='1.0' encoding='klingon'?>{}", gpx("")).into(),
            Err("klingon"),
        ),
        ("no UTF-8", [gpx("").as_bytes(), b"<!--\xff-->"].concat(), Err("UTF-8")),
        ("a second root", format!("{}<gpx/>", gpx("")).into(), Err("after the end")),
        ("cut", b"<gpx><wpt lat='1' lon='2'>".to_vec(), Err("ends in the middle")),
        ("crossed tags", gpx("<a><b></a></b>").into(), Err("well-formed")),
    ]);
}

#[test]
fn nothing_that_a_file_names_is_fetched() {
    let canary = TcpListener::bind("127.0.0.1:0").expect("a port");
    canary.set_nonblocking(true).expect("told");
    let url = format!("http://{}/x", canary.local_addr().expect("an address"));
    let place = "<Placemark><Point><coordinates>116,35</coordinates></Point></Placemark>";
    assert_outcomes(&[
        ("an external entity", format!("<!DOCTYPE gpx [<!ENTITY x SYSTEM \"{url}\">]>{}", gpx("<name>&x;</name>")).into(), Err("document type")),
        ("a local file", format!("<!DOCTYPE gpx [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{}", gpx("")).into(), Err("document type")),
        ("a parameter entity", format!("<!DOCTYPE gpx [<!ENTITY % x SYSTEM \"{url}\"> %x;]>{}", gpx("")).into(), Err("document type")),
        ("an external DTD", format!("<!DOCTYPE gpx SYSTEM \"{url}\">{}", gpx("")).into(), Err("document type")),
        ("a schema", format!("<gpx xmlns:x='http://www.w3.org/2001/XMLSchema-instance' x:schemaLocation='{url} {url}'/>").into(), Ok(0)),
        ("an inclusion", gpx(&format!("<i:include xmlns:i='http://www.w3.org/2001/XInclude' href='{url}'/>")).into(), Ok(1)),
        ("a style sheet", format!("<?xml-stylesheet href='{url}'?>{}", gpx("")).into(), Ok(1)),
        ("a network link", format!("<kml><NetworkLink><Link><href>{url}</href></Link></NetworkLink>{place}</kml>").into(), Ok(1)),
        ("an icon", format!("<kml><Style><IconStyle><Icon><href>{url}</href></Icon></IconStyle></Style>{place}</kml>").into(), Ok(1)),
        (
            "a linked reference system",
            format!("{{\"type\":\"Point\",\"coordinates\":[1,2],\"crs\":{{\"type\":\"link\",\"properties\":{{\"href\":\"{url}\"}}}}}}").into(),
            Err("EPSG:4326"),
        ),
    ]);
    assert_eq!(
        canary.accept().map_err(|error| error.kind()).err(),
        Some(std::io::ErrorKind::WouldBlock),
        "nobody called"
    );
}

#[test]
fn a_token_that_never_ends_ends_the_reading() {
    let cases: [(&str, &str); 8] = [
        ("<gpx><wpt lat='1' lon='2'><name>", "a"),
        ("<gpx a='", "a"),
        ("<gpx><", "a"),
        ("<gpx><!-- ", "- "),
        ("<gpx><?p ", "?"),
        ("<kml><Placemark><description><![CDATA[", "] "),
        ("{\"type\":\"Feature\",\"properties\":{\"name\":\"", "\\\""),
        ("{\"type\":\"Point\",\"coordinates\":[1", "1"),
    ];
    for (head, repeated) in cases {
        let mut source = Counted::new(head.as_bytes(), repeated.as_bytes(), formats::FILE_MAX_BYTES);
        let result = formats::read(&mut source, &Options::default(), &mut |_| ControlFlow::Continue(()));
        assert!(matches!(result, Err(Refused::TooLarge(_))), "{head}: {result:?}");
        assert!(source.taken < 9 << 20, "{head}: {} bytes taken", source.taken);
    }
}

#[test]
fn a_hundred_thousand_places_are_passed_on_one_by_one() {
    let place = "<Placemark><name>闸</name><Point><coordinates>116,35</coordinates></Point></Placemark>";
    let (head, length) = ("<kml><Folder>", "<kml><Folder>".len() + place.len() * 100_000);
    let mut source = Counted::new(head.as_bytes(), place.as_bytes(), length as u64);
    let mut places = 0_u32;
    let result = formats::read(&mut source, &Options::default(), &mut |_| {
        places += 1;
        if places == 1_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(result.is_ok() && places == 1_000, "{result:?}");
    assert!(source.taken < 300_000, "the rest was not read: {}", source.taken);
}

#[test]
fn json_tricks_are_refused_or_said_of_their_feature() {
    let feature = |properties: &str| {
        format!(
            "{{\"type\":\"Feature\",\"geometry\":{{\"type\":\"Point\",\"coordinates\":[116.9,35.5]}},\"properties\":{properties}}}"
        )
    };
    let nested = |depth: usize| feature(&format!("{{\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth)));
    assert_outcomes(&[
        ("plain", feature("{}").into(), Ok(1)),
        ("a list of features", format!("[{},{}]", feature("{}"), feature("null")).into(), Ok(2)),
        ("depth 100,000", nested(100_000).into(), Err("nested")),
        ("depth 25", nested(25).into(), Ok(1)),
        ("a lone surrogate", feature("{\"name\":\"\\ud800\"}").into(), Err("JSON")),
        ("a pair of surrogates", feature("{\"name\":\"\\ud83d\\ude00\"}").into(), Ok(1)),
        ("not a number", feature("{\"order\":NaN}").into(), Err("JSON")),
        ("a giant number", feature("{\"order\":1e999}").into(), Err("JSON")),
        (
            "a system twice",
            "{\"type\":\"FeatureCollection\",\"crs\":null,\"crs\":null,\"features\":[]}".into(),
            Err("crs"),
        ),
        ("no GeoJSON", "{\"a\":1}".into(), Err("no type")),
        ("TopoJSON", "{\"type\":\"Topology\"}".into(), Err("Topology")),
        ("cut", feature("{}").as_bytes()[..60].to_vec(), Err("JSON")),
        ("followed by text", format!("{} x", feature("{}")).into(), Err("no JSON object")),
    ]);
    for (member, column) in [
        ("{\"title\":{\"en\":\"a\",\"en\":\"b\"}}", "title.en"),
        ("{\"title\":{\"en\":5}}", "title.en"),
        ("{\"zone\":{\"kind\":\"circle\",\"radius_m\":\"wide\"}}", "zone"),
        ("{\"zone\":7}", "zone"),
        ("{\"facts\":[{\"sauce\":1}]}", "facts[0].sauce"),
        ("{\"order\":\"first\"}", "order"),
        ("7", "properties"),
    ] {
        let (_, items) = read(feature(member).as_bytes()).expect("readable");
        let found: Vec<&str> = entries(&items)[0].mistakes.iter().map(|mistake| mistake.column.as_str()).collect();
        assert_eq!(found, [column], "{member}");
    }
}

#[test]
fn what_is_no_format_is_refused_with_what_to_do_instead() {
    assert_outcomes(&[
        ("nothing", Vec::new(), Err("empty")),
        ("old Excel", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), Err(".xlsx")),
        ("a Shapefile", b"\x00\x00\x27\x0a\x00\x00".to_vec(), Err("GeoJSON")),
        ("a PDF", b"%PDF-1.7".to_vec(), Err("PDF")),
        ("a page", b"<!DOCTYPE html><html></html>".to_vec(), Err("web page")),
        ("another XML", b"<osm version='0.6'/>".to_vec(), Err("osm")),
        ("junk", (0..=255).rev().collect(), Err("known formats")),
        ("a GPX file", gpx("").into(), Ok(1)),
    ]);
    let options = Options { format: Some(formats::Format::Kml), sheet: None };
    let refused =
        formats::read(&mut Cursor::new(gpx("")), &options, &mut |_| ControlFlow::Continue(())).expect_err("no KML");
    assert!(refused.to_string().contains("sent as kml but is gpx"), "{refused}");
}

#[test]
fn a_file_that_is_written_whole_is_flushed() {
    let mut out = std::io::BufWriter::new(Vec::new());
    let route = crate::rig::routes().swap_remove(0);
    formats::write(formats::Format::Kmz, &route, &mut out).expect("memory takes it");
    out.flush().expect("memory takes it");
    assert_eq!(outcome(out.get_ref()), Ok(route.waypoints.len()));
}
