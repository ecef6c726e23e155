//! Workbooks as programs save them, workbooks made to do harm, and routes that survive being a workbook.

use super::*;
use crate::domain::route::{Text, WaypointBody};
use crate::formats::{Entry, Item, geojson};
use proptest::prelude::*;
use serde_json::{Map, Value};
use std::io::Cursor;
use std::sync::LazyLock;
use zip::write::{SimpleFileOptions, ZipWriter};

static ROUTES: LazyLock<Vec<StudyRoute>> = LazyLock::new(|| {
    let read = |slug| std::fs::read(format!("routes-data/{slug}/route.geojson")).expect("the route file is there");
    ["confucius-mencius", "peoples-canal"].into_iter().map(|slug| geojson::read(&read(slug)).expect("good")).collect()
});

fn items_of(bytes: &[u8], sheet: Option<&str>) -> Result<(Vec<Item>, Understood), Refused> {
    let mut items = Vec::new();
    let understood = read(&mut Cursor::new(bytes), sheet, &mut |item| {
        items.push(item);
        ControlFlow::Continue(())
    })?;
    Ok((items, understood))
}

fn entries_of(bytes: &[u8]) -> Vec<Entry> {
    let (items, _) = items_of(bytes, None).expect("a workbook");
    items.into_iter().filter_map(|item| if let Item::Entry(entry) = item { Some(entry) } else { None }).collect()
}

fn merged(patch: &Map<String, Value>) -> WaypointBody {
    let mut body = serde_json::to_value(WaypointBody::default()).expect("JSON");
    json_patch::merge(&mut body, &Value::Object(patch.clone()));
    serde_json::from_value(body).expect("a body")
}

const HEAD: &str =
    r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">"#;

/// A workbook with such a sheet and such shared strings, and further parts.
fn workbook(sheet: &str, strings: &str, parts: &[(&str, &str)]) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let relation = |id: &str, kind: &str, target: &str| {
        format!(r#"<Relationship Id="{id}" Type="{OFFICE}/{kind}" Target="{target}"/>"#)
    };
    let relations = |inner: String| {
        format!(
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inner}</Relationships>"#
        )
    };
    let book = format!(
        r#"<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#
    );
    let inner = relation("rId1", "worksheet", "worksheets/sheet1.xml")
        + &relation("rId2", "sharedStrings", "sharedStrings.xml");
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let fixed = [
        ("_rels/.rels", relations(relation("rId1", "officeDocument", "xl/workbook.xml"))),
        ("xl/workbook.xml", book),
        ("xl/_rels/workbook.xml.rels", relations(inner)),
        ("xl/worksheets/sheet1.xml", sheet.to_string()),
        ("xl/sharedStrings.xml", format!(r#"<sst xmlns="{MAIN}">{strings}</sst>"#)),
    ];
    let further = parts.iter().map(|(name, text)| (*name, (*text).to_string()));
    for (name, text) in fixed.into_iter().chain(further) {
        zip.start_file(name, SimpleFileOptions::default()).expect("memory");
        zip.write_all(text.as_bytes()).expect("memory");
    }
    zip.finish().expect("memory").into_inner()
}

fn inline(cells: &[(&str, &str)]) -> String {
    let cell = |(place, text): &(&str, &str)| format!(r#"<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>"#);
    cells.iter().map(cell).collect()
}

fn sheet(rows: &str) -> String {
    let headings = inline(&[("A1", "id"), ("B1", "lat"), ("C1", "lon"), ("D1", "period"), ("E1", "待实测")]);
    format!(r#"{HEAD}<sheetData><row r="1">{headings}</row>{rows}</sheetData></worksheet>"#)
}

#[test]
fn a_workbook_is_read_as_it_was_saved() {
    for (file, sheet, first, skipped) in
        [("libreoffice.xlsx", "Sheet1", 2, 0), ("openpyxl-title-row-and-hidden-sheet.xlsx", "站点", 4, 1)]
    {
        let bytes = std::fs::read(format!("tests/corpus/tables/{file}")).expect("the corpus is there");
        let (items, understood) = items_of(&bytes, None).expect("a workbook");
        let entries = entries_of(&bytes);
        assert_eq!(
            (understood.sheet.as_deref(), items.len() - entries.len(), entries.len()),
            (Some(sheet), skipped, 4)
        );
        for (row, entry) in (first..).zip(&entries) {
            assert_eq!((entry.place, entry.mistakes.as_slice()), (Place::Row(row), &[][..]), "{file}");
            let all = ROUTES.iter().flat_map(|route| &route.waypoints);
            let truth = all.into_iter().find(|w| Some(&w.id) == entry.id.as_ref()).expect("a real waypoint");
            let position = entry.position.expect("a position");
            assert_eq!((position.lat, position.lon), (truth.position.lat(), truth.position.lon()), "{file}");
            let body = merged(&entry.patch);
            assert_eq!((body.title, body.themes), (truth.body.title.clone(), truth.body.themes.clone()), "{file}");
        }
        let refused = items_of(&bytes, Some("隐藏")).expect_err("hidden").to_string();
        assert!(refused.contains(&format!("it has “{sheet}”")), "{refused}");
    }
}

#[test]
fn both_routes_survive_a_workbook() {
    for route in ROUTES.iter() {
        let mut bytes = Vec::new();
        assert_eq!(write(route, &mut bytes).expect("memory").len(), 1, "the route itself");
        let entries = entries_of(&bytes);
        assert_eq!(entries.len(), route.waypoints.len());
        for (entry, waypoint) in entries.iter().zip(&route.waypoints) {
            let position = entry.position.expect("a position");
            assert_eq!((position.lat, position.lon), (waypoint.position.lat(), waypoint.position.lon()));
            assert_eq!((entry.id.as_ref(), merged(&entry.patch)), (Some(&waypoint.id), waypoint.body.clone()));
        }
    }
}

#[test]
fn every_kind_of_cell_is_read() {
    let row = r#"<row r="2"><c r="A2"><v>7</v></c><c r="B2"><f>30+5</f><v>35</v></c><c r="C2" t="str"><v>116°E</v></c><c r="D2"><v>1257</v></c><c r="E2" t="b"><v>1</v></c></row>"#;
    let entry = entries_of(&workbook(&sheet(row), "", &[])).remove(0);
    assert_eq!((entry.place, entry.id.as_deref(), entry.mistakes.as_slice()), (Place::Row(2), Some("7"), &[][..]));
    assert_eq!(entry.position.map(|p| (p.lat, p.lon)), Some((35.0, 116.0)));
    assert_eq!(
        (entry.patch["period"]["en"].as_str(), entry.patch["zone"]["to_be_surveyed"].as_bool()),
        (Some("1257"), Some(true))
    );
    let failed =
        r#"<row r="5"><c r="A5" t="s"><v>0</v></c><c r="B5" t="e"><v>#N/A</v></c><c r="C5"><v>116</v></c></row>"#;
    let entry = entries_of(&workbook(&sheet(failed), "<si><t>孔庙</t></si>", &[])).remove(0);
    let mistake = &entry.mistakes[0];
    assert_eq!((entry.place, mistake.column.as_str(), mistake.value.as_str()), (Place::Row(5), "lat", "#N/A"));
    assert!(entry.id.as_deref() == Some("孔庙") && mistake.message.contains("failed"));
}

#[test]
fn a_workbook_made_to_do_harm_is_refused() {
    let good = sheet("");
    let cell = |place: &str| sheet(&format!(r#"<row r="2"><c r="{place}"><v>1</v></c></row>"#));
    let dimension = |area: &str| good.replace("<sheetData>", &format!(r#"<dimension ref="{area}"/><sheetData>"#));
    let bomb = format!("<si><t>{}</t></si>", "水".repeat(50_000)).repeat(1_000);
    let long =
        sheet(&format!(r#"<row r="2"><c r="A2" t="inlineStr"><is><t>{}</t></is></c></row>"#, "x y ".repeat(500_000)));
    let runs = sheet(&format!(
        r#"<row r="2"><c r="A2" t="inlineStr"><is>{}</is></c></row>"#,
        "<r><t>abcdefgh</t></r>".repeat(90_000)
    ));
    let style = format!("<styleSheet>{}</styleSheet>", "<xf numFmtId=\"0\"/>".repeat(1_000_000));
    let entity = format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{good}");
    let moved =
        r#"<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="media/sheet.bin"/></Relationships>"#;
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"id,lat,lon\n".to_vec(), "broken archive"),
        (workbook(&cell("ZZZ999999999"), "", &[]), "ZZZ999999999"),
        (workbook(&cell("AAAAAAAAAAAAAAA1"), "", &[]), "that no sheet has"),
        (workbook(&cell("A0"), "", &[]), "that no sheet has"),
        (workbook(&cell("A99999999999999999999"), "", &[]), "that no sheet has"),
        (workbook(&cell("ALM2"), "", &[]), "more than 1000 columns"),
        (workbook(&dimension("A1:BDWGO5"), "", &[]), "BDWGO5"),
        (workbook(&dimension("C5:A1"), "", &[]), "C5:A1"),
        (workbook(&good, &bomb, &[]), "100 times its own size"),
        (workbook(&long, "", &[]), "one cell of more than 1 MiB"),
        (workbook(&runs, "", &[]), "one cell of more than 1 MiB"),
        (workbook(&good, "", &[("xl/styles.xml", &style)]), "MiB"),
        (workbook(&entity, "", &[]), "broken workbook"),
        (workbook(&good, "", &[("xl/externalLinks/externalLink1.xml", "<externalLink/>")]), "other workbooks"),
        (workbook(&good, "", &[("xl/worksheets/_rels/a.xml.rels", moved)]), "broken workbook"),
        (workbook("<worksheet><sheetData><row", "", &[]), "broken workbook"),
        (workbook("<chartsheet/>", "", &[]), "broken workbook"),
        (workbook(&format!("{HEAD}<sheetData/></worksheet>"), "", &[]), "no row of headings"),
    ];
    for (bytes, expected) in cases {
        let refused = items_of(&bytes, None).expect_err(expected).to_string();
        assert!(refused.contains(expected), "{expected}: {refused}");
    }
}

#[test]
fn no_formula_is_ever_written() {
    let mut route = ROUTES[0].clone();
    route.waypoints.truncate(1);
    for text in ["=1+1", "=HYPERLINK(\"http://example.org\")", "@sum", "'=1", " x ", "_x0041_", "a\r\nb\u{1}"] {
        route.waypoints[0].body.title = Text { zh_cn: text.into(), en: text.into() };
        let mut bytes = Vec::new();
        write(&route, &mut bytes).expect("memory");
        assert_eq!(merged(&entries_of(&bytes)[0].patch).title, route.waypoints[0].body.title);
        let mut workbook = Xlsx::new(Cursor::new(bytes)).expect("a workbook");
        let sheet = workbook.sheet_names()[0].clone();
        let formulas = workbook.worksheet_formula(&sheet).expect("a sheet");
        assert!(formulas.used_cells().all(|(_, _, formula)| formula.is_empty()));
    }
}

#[test]
fn a_text_that_no_cell_holds_leaves_its_property_out() {
    let mut route = ROUTES[0].clone();
    route.waypoints.truncate(2);
    route.waypoints[1].body.summary.en = "x".repeat(CELL_MAX_UNITS + 1);
    let mut bytes = Vec::new();
    let lost = write(&route, &mut bytes).expect("memory");
    assert!(lost.len() == 2 && lost[1].starts_with("summary:"), "{lost:?}");
    assert!(
        entries_of(&bytes)
            .iter()
            .all(|entry| !entry.patch.contains_key("summary") && entry.patch.contains_key("title"))
    );
    route.waypoints[1].body.summary.en.truncate(CELL_MAX_UNITS);
    let mut bytes = Vec::new();
    assert_eq!(write(&route, &mut bytes).expect("memory").len(), 1, "the route itself");
    assert_eq!(merged(&entries_of(&bytes)[1].patch).summary, route.waypoints[1].body.summary);
}

#[test]
fn the_template_reads_back_as_its_example_and_explains_itself() {
    let mut bytes = Vec::new();
    template(&ROUTES[1].waypoints[0], &mut bytes).expect("memory");
    let entries = entries_of(&bytes);
    assert_eq!((entries.len(), entries[0].id.as_deref()), (1, Some("kangcheng-dam")));
    let (_, understood) = items_of(&bytes, None).expect("a workbook");
    assert_eq!(
        (understood.sheet.as_deref(), understood.sheets),
        (Some("Sheet1"), vec!["Sheet1".into(), "说明 Help".into()])
    );
    assert_eq!(merged(&entries[0].patch).title, ROUTES[1].waypoints[0].body.title);
    let mut workbook = Xlsx::new(Cursor::new(bytes)).expect("a workbook");
    let help = workbook.worksheet_range("说明 Help").expect("a second sheet");
    assert_eq!(help.height(), EVERYDAY.len() + 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_survives(zh_cn in "(?s).{0,12}|[_x0-9A-F\r\n\t&<>]{0,14}", en in "(?s).{0,12}") {
        let mut route = ROUTES[0].clone();
        route.waypoints.truncate(1);
        // A text of nothing but white space is none.
        let filled = |text: String| if text.trim().is_empty() { String::new() } else { text };
        route.waypoints[0].body.title = Text { zh_cn: filled(zh_cn), en: filled(en) };
        let mut bytes = Vec::new();
        write(&route, &mut bytes).expect("memory");
        prop_assert_eq!(merged(&entries_of(&bytes)[0].patch), route.waypoints[0].body.clone());
    }

    #[test]
    fn no_damage_makes_it_panic(at in 0_usize..4_000, byte: u8, place in "[A-Za-z]{0,9}[0-9]{0,12}", xml in "[<>/a-z \"=0-9]{0,40}") {
        let file = sheet(&format!(r#"<row r="{place}"><c r="{place}" s="{at}" t="s"><v>{at}</v></c>{xml}</row>"#));
        let mut bytes = workbook(&file, "", &[]);
        let _ = items_of(&bytes, None);
        let last = bytes.len() - 1;
        bytes[at.min(last)] = byte;
        let result = items_of(&bytes, None);
        prop_assert!(result.is_err() || result.is_ok_and(|(items, _)| items.len() < 9));
    }
}
