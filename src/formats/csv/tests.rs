//! Tables as programs save them, and routes that survive being a table.

use super::*;
use crate::domain::route::{Text, WaypointBody};
use crate::formats::{Entry, Item, geojson};
use proptest::prelude::*;
use serde_json::{Map, Value};
use std::sync::LazyLock;

fn items_of(bytes: &[u8]) -> Result<(Vec<Item>, Understood), Refused> {
    let mut items = Vec::new();
    let understood = read(&mut Cursor::new(bytes), &mut |item| {
        items.push(item);
        ControlFlow::Continue(())
    })?;
    Ok((items, understood))
}

fn entries_of(bytes: &[u8]) -> Vec<Entry> {
    let (items, _) = items_of(bytes).expect("a table");
    let entry = |item| if let Item::Entry(entry) = item { entry } else { panic!("{item:?}") };
    items.into_iter().map(entry).collect()
}

fn routes() -> Vec<StudyRoute> {
    let read = |slug| std::fs::read(format!("routes-data/{slug}/route.geojson")).expect("the route file is there");
    ["confucius-mencius", "peoples-canal"].into_iter().map(|slug| geojson::read(&read(slug)).expect("good")).collect()
}

fn merged(patch: &Map<String, Value>) -> WaypointBody {
    let mut body = serde_json::to_value(WaypointBody::default()).expect("JSON");
    json_patch::merge(&mut body, &Value::Object(patch.clone()));
    serde_json::from_value(body).expect("a body")
}

#[test]
fn a_table_is_read_as_it_was_saved() {
    for (file, delimiter, encoding, first) in [
        ("excel-gbk-comma.csv", ',', "gb18030", 2),
        ("libreoffice-utf8-comma.csv", ',', "UTF-8", 2),
        ("libreoffice-utf8-semicolon.csv", ';', "UTF-8", 2),
        ("libreoffice-utf16-tab.txt", '\t', "UTF-16LE", 2),
        ("sexagesimal-pair-sep-line.csv", ';', "UTF-8", 3),
    ] {
        let bytes = std::fs::read(format!("tests/corpus/tables/{file}")).expect("the corpus is there");
        let (_, understood) = items_of(&bytes).expect("a table");
        assert_eq!((understood.delimiter, understood.encoding), (Some(delimiter), Some(encoding)), "{file}");
        let entries = entries_of(&bytes);
        assert_eq!(entries.len(), 4, "{file}");
        let all: Vec<Waypoint> = routes().into_iter().flat_map(|route| route.waypoints).collect();
        for (line, entry) in (first..).zip(&entries) {
            assert_eq!((entry.place, entry.mistakes.as_slice()), (Place::Line(line), &[][..]), "{file}");
            let truth = all.iter().find(|w| Some(&w.id) == entry.id.as_ref()).expect("a real waypoint");
            let position = entry.position.expect("a position");
            let off = (position.lat - truth.position.lat()).abs().max((position.lon - truth.position.lon()).abs());
            assert!(off < 1e-7, "{file}: {off}");
            assert_eq!(merged(&entry.patch).title, truth.body.title, "{file}");
            if !file.starts_with("sexa") {
                let body = merged(&entry.patch);
                assert_eq!(
                    (body.themes, body.summary.zh_cn),
                    (truth.body.themes.clone(), truth.body.summary.zh_cn.clone())
                );
            }
        }
    }
}

#[test]
fn both_routes_survive_csv_and_tsv() {
    for route in routes() {
        for delimiter in [b',', b';', b'\t'] {
            let mut bytes = Vec::new();
            assert_eq!(write(&route, delimiter, &mut bytes).expect("memory").len(), 1, "the route itself");
            let entries = entries_of(&bytes);
            assert_eq!(entries.len(), route.waypoints.len());
            for (entry, waypoint) in entries.iter().zip(&route.waypoints) {
                assert_eq!(entry.mistakes, vec![]);
                let position = entry.position.expect("a position");
                assert_eq!((position.lat, position.lon), (waypoint.position.lat(), waypoint.position.lon()));
                assert_eq!((entry.id.as_ref(), merged(&entry.patch)), (Some(&waypoint.id), waypoint.body.clone()));
            }
        }
    }
}

#[test]
fn what_a_spreadsheet_would_run_is_written_as_text() {
    let mut route = routes().remove(0);
    route.waypoints.truncate(1);
    for text in ["=1+1", "+86", "-5", "@sum", "＝1", "\t=1", "\r=1", " =1", "'=1", "''-"] {
        route.waypoints[0].body.title = Text { zh_cn: text.into(), en: text.into() };
        let mut bytes = Vec::new();
        write(&route, b',', &mut bytes).expect("memory");
        let written = String::from_utf8(bytes.clone()).expect("UTF-8");
        assert!(written.contains(&format!("'{text}")), "{written}");
        assert_eq!(merged(&entries_of(&bytes)[0].patch).title, route.waypoints[0].body.title);
    }
    assert!(!needs_guard("35.5") && !needs_guard("孔庙") && !needs_guard("'quoted'"));
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    for end in ["\n", "\r\n", "\r"] {
        let text =
            "研学站点\n\nid,lat,lon,简介\n\na,35,116,\"one\n\ntwo\"\n,,,\nb,35,116,x\n合计,,,\n".replace('\n', end);
        let (items, understood) = items_of(text.as_bytes()).expect("a table");
        let places: Vec<Place> =
            items.iter().filter_map(|i| if let Item::Entry(e) = i { Some(e.place) } else { None }).collect();
        assert_eq!(places, [5, 9, 10].map(Place::Line), "{end:?}");
        assert!(understood.notes[0].ends_with("above the headings: 1"), "{:?}", understood.notes);
    }
}

#[test]
fn a_damaged_row_is_a_mistake_of_that_row() {
    let entries = entries_of(
        "id,lat,lon,name\na,35,116\nb,35,116,孔庙,rest\nc,35,116,孔府,,\nd,35,116,\"孔林\ne,35,116,颜庙\n".as_bytes(),
    );
    let messages: Vec<&str> = entries.iter().map(|e| e.mistakes.first().map_or("", |m| m.message.as_str())).collect();
    assert!(messages[0].contains("3 cells under 4 headings"), "{messages:?}");
    assert!(messages[1].contains("more cells"), "{messages:?}");
    assert_eq!(messages[2], "");
    assert!(!entries[0].patch.contains_key("title"));
}

#[test]
fn a_file_that_is_no_table_is_refused_with_what_to_do() {
    let open = format!("id,lat,lon\na,35,\"116{}", "x\n".repeat(ROW_MAX_BYTES));
    let titles = "标题\n".repeat(30);
    for (text, expected) in [
        ("", "no row of headings"),
        (&titles, "no row of headings"),
        ("名称，纬度，经度\n孔庙，35，116\n", "full-width commas"),
        ("id,lat\n", "none of longitudes"),
        (&open, "a quotation mark there is not closed"),
    ] {
        let refused = items_of(text.as_bytes()).expect_err("no table").to_string();
        assert!(refused.contains(expected), "{refused}");
    }
}

#[test]
fn whoever_takes_the_items_may_stop() {
    let mut taken = 0;
    let text = "id,lat,lon\na,1,2\nb,1,2\nc,1,2\n";
    let understood = read(&mut Cursor::new(text), &mut |_| {
        taken += 1;
        ControlFlow::Break(())
    });
    assert_eq!((taken, understood.map(|u| u.columns.len())), (1, Ok(3)));
}

#[test]
fn the_template_reads_back_as_its_example() {
    let route = routes().remove(1);
    let mut bytes = Vec::new();
    template(&route.waypoints[0], &mut bytes).expect("memory");
    let entry = &entries_of(&bytes)[0];
    assert_eq!((entry.id.as_deref(), entry.mistakes.as_slice()), (Some("kangcheng-dam"), &[][..]));
    assert_eq!(merged(&entry.patch).summary, route.waypoints[0].body.summary);
}

#[test]
fn a_row_is_given_before_the_rest_of_the_file_is_read() {
    // Makes its rows when they are asked for; there is no whole file.
    struct Endless(u64, Cursor<Vec<u8>>);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.1.position() == self.1.get_ref().len() as u64 {
                self.0 += 1;
                self.1 = Cursor::new(format!("w{},35.5,116.9,{}\n", self.0, "水".repeat(1_300)).into_bytes());
            }
            self.1.read(buffer)
        }
    }
    impl io::Seek for Endless {
        fn seek(&mut self, _: io::SeekFrom) -> io::Result<u64> {
            *self = Self(0, Cursor::new("\u{feff}id,lat,lon,name\n".into()));
            Ok(0)
        }
    }
    let (mut source, mut taken) = (Endless(0, Cursor::default()), 0);
    let understood = read(&mut source, &mut |_| {
        taken += 1;
        if taken < 1_000 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    assert_eq!((taken, understood.map(|u| u.delimiter)), (1_000, Ok(Some(','))));
    assert!(source.0 < 1_100, "{}", source.0);
}

proptest! {
    #[test]
    fn any_text_survives(zh_cn in "(?s).{0,12}|['=+@ \t\r\n\",;-]{0,8}", en in "(?s).{0,12}", delimiter in prop::sample::select(vec![b',', b';', b'\t'])) {
        static ROUTE: LazyLock<StudyRoute> = LazyLock::new(|| {
            let mut route = routes().remove(0);
            route.waypoints.truncate(2);
            route.waypoints.iter_mut().for_each(|waypoint| waypoint.body = WaypointBody::default());
            route
        });
        let mut route = ROUTE.clone();
        // A text of nothing but white space is none.
        let filled = |text: String| if text.trim().is_empty() { String::new() } else { text };
        route.waypoints[0].body.title = Text { zh_cn: filled(zh_cn), en: filled(en) };
        let mut bytes = Vec::new();
        write(&route, delimiter, &mut bytes).expect("memory");
        let entries = entries_of(&bytes);
        prop_assert_eq!(entries.len(), 2);
        prop_assert_eq!(&entries[0].mistakes, &vec![]);
        prop_assert_eq!(merged(&entries[0].patch), route.waypoints[0].body.clone());
    }

    #[test]
    fn no_bytes_make_it_panic(text in "(id,lat,lon\n)?[a-z0-9\",;\t\r\n孔=']{0,200}") {
        if let Ok((items, _)) = items_of(text.as_bytes()) {
            prop_assert!(items.len() <= text.len());
        }
    }
}
