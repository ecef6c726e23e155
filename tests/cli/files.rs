//! Files into drafts and out of them.

use super::{Desk, text};
use serde_json::{Value, json};
use studyroute::domain::crs::{Crs, from_wgs84};

/// Places of the People's Canal, as a designer's spreadsheet has them.
const TABLE: &str = "名称,英文名,纬度,经度,半径,备注\r\n\
    堽城坝遗址,Kangcheng Dam,35.891423,116.835625,500,远\r\n\
    戴村坝,Daicun Dam,35.89619,116.551672,500,必看\r\n\
    十里闸,Shili Lock,35.608292,116.354099,500,\r\n";

fn gbk(table: &str) -> Vec<u8> {
    encoding_rs::GBK.encode(table).0.into_owned()
}

fn count(report: &Value, names: [&str; 5]) -> [u64; 5] {
    names.map(|name| report[name].as_u64().unwrap_or_else(|| panic!("{name}: {report}")))
}

const COUNTS: [&str; 5] = ["added", "changed", "unchanged", "removed", "refused"];

#[test]
fn a_spreadsheet_in_gbk_is_understood_rehearsed_and_taken_once() {
    let desk = Desk::new();
    let file = desk.file("stops.csv", gbk(TABLE));
    let said = desk.says(&["import", &file, "--route", "walk", "--dry-run"]);
    for part in [
        "csv in GBK (gb18030), commas between the cells",
        "wgs84, assumed",
        "名称 → title.zh-CN",
        "纬度 → lat",
        "left out     备注",
        "3 rows: 3 added, 0 changed, 0 unchanged, 0 removed, 0 refused",
        "Nothing was kept; without --dry-run all this would be taken.",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(desk.json(&["draft", "list"]), json!([]), "a rehearsal keeps nothing");
    let said = desk.says(&["import", &file, "--route", "walk", "--source", "高德地图", "--precision-m", "20"]);
    assert!(said.contains("studyroute lint walk"), "{said}");
    let draft = desk.json(&["draft", "show", "walk"]);
    assert_eq!(draft["waypoint_count"], 3);
    assert_eq!(draft["waypoints"][1]["id"], "daicun-dam");
    assert_eq!(draft["waypoints"][1]["position"], json!({"lat": 35.89619, "lon": 116.551_672}));
    let again = desk.says(&["import", &file, "--route", "walk"]);
    assert!(again.contains("0 added, 0 changed, 3 unchanged") && again.contains("stays as it is"), "{again}");
    let deeds = desk.json(&["audit", "--route", "walk"]);
    assert_eq!(deeds.as_array().map(Vec::len), Some(1), "{deeds}");
    assert_eq!((&deeds[0]["action"], &deeds[0]["who"]), (&json!("replace content"), &json!("command line")));
}

#[test]
fn a_wrong_row_is_named_by_place_column_and_value_and_keeps_the_whole_file_out_unless_told() {
    let desk = Desk::new();
    let file = desk.file("stops.csv", gbk(&TABLE.replace("35.89619", "三十五度")));
    let args = ["import", &file, "--route", "walk"];
    let said = desk.refuses(&args);
    for part in ["line 3", "纬度", "三十五度", "is not a coordinate", "Nothing was taken", "--partial"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let refused = desk.refusal(&args);
    let report = &refused["files"][0]["report"];
    assert_eq!(count(report, COUNTS), [2, 0, 0, 0, 1], "{report}");
    assert_eq!((&report["accepted"], &report["results"][0]["result"]), (&json!(false), &json!("refused")));
    assert_eq!(report["results"][0]["mistakes"][0]["value"], "三十五度");
    assert_eq!(desk.json(&["draft", "list"]), json!([]));
    desk.refuses(&["import", &file, "--route", "walk", "--dry-run"]);
    desk.says(&["import", &file, "--route", "walk", "--partial"]);
    assert_eq!(desk.json(&["draft", "show", "walk"])["waypoint_count"], 2);
}

#[test]
fn coordinates_of_a_chinese_map_and_swapped_ones_are_noticed_and_the_flag_that_is_named_mends_them() {
    let desk = Desk::new();
    desk.json(&["import", "routes-data/peoples-canal"]);
    let draft = desk.json(&["draft", "show", "peoples-canal"]);
    let stops = draft["waypoints"].as_array().expect("stops").iter().take(5);
    let table = |place: &dyn Fn(f64, f64) -> (f64, f64)| {
        let rows = stops.clone().map(|stop| {
            let number = |axis: &str| stop["position"][axis].as_f64().expect("a number");
            let (lat, lon) = place(number("lat"), number("lon"));
            format!("{},{lat},{lon}\n", stop["title"]["zh-CN"].as_str().expect("a title"))
        });
        format!("名称,纬度,经度\n{}", rows.collect::<String>())
    };
    for (name, table, flags) in [
        ("gcj.csv", table(&|lat, lon| from_wgs84(Crs::Gcj02, lat, lon)), &["--crs", "gcj02"][..]),
        ("swapped.csv", table(&|lat, lon| (lon, lat)), &["--swap-axes"]),
    ] {
        let file = desk.file(name, table);
        let args = ["import", &file, "--route", "peoples-canal"];
        let said = desk.refuses(&args);
        assert!(said.contains(&format!("Import it again with {}.", flags.join(" "))), "{said}");
        let mended = desk.json(&[&args[..], flags, &["--dry-run"]].concat());
        assert_eq!(mended["files"][0]["report"]["accepted"], true, "{mended}");
    }
    assert_eq!(desk.json(&["draft", "list"])[0]["draft"], "none", "nothing was taken");
}

#[test]
fn a_file_that_is_no_route_file_is_told_to_name_its_route() {
    let desk = Desk::new();
    let file = desk.file("stops.csv", TABLE);
    let said = desk.refuses(&["import", &file]);
    assert!(said.contains("it is csv, not a complete route file") && said.contains("--route SLUG"), "{said}");
    let said = desk.refuses(&["import", &desk.path("."), "--route", "walk"]);
    assert!(said.contains("it is no file"), "{said}");
    let said = desk.refuses(&["import", &desk.path("none.csv"), "--route", "walk"]);
    assert!(said.contains("it cannot be read"), "{said}");
    let said = desk.refuses(&["import", &file, "--route", "walk", "--format", "gpx"]);
    assert!(said.contains("is sent as gpx but is csv"), "{said}");
}

#[test]
fn a_dry_run_of_route_files_says_what_would_change_and_changes_nothing() {
    let desk = Desk::new();
    let rows = desk.json(&["import", "routes-data", "--dry-run"]);
    assert_eq!((&rows[1]["result"], &rows[1]["changed"]), (&json!("would be published"), &json!("26")));
    assert_eq!(desk.json(&["draft", "list"]), json!([]));
    desk.json(&["import", "routes-data"]);
    let good = std::fs::read_to_string("routes-data/peoples-canal/route.geojson").expect("readable");
    let file = desk.file("changed.geojson", good.replacen("戴村坝", "戴村坝（新）", 1));
    let rows = desk.json(&["import", "routes-data", &file, "--dry-run"]);
    let told = rows.as_array().expect("rows").iter().map(|row| (row["revision"].clone(), row["result"].clone()));
    let expected = [("1", "unchanged"), ("1", "unchanged"), ("2", "would be published")];
    assert!(told.eq(expected.map(|(revision, result)| (json!(revision), json!(result)))), "{rows}");
    assert_eq!(desk.json(&["history", "peoples-canal"]).as_array().map(Vec::len), Some(1));
}

#[test]
fn what_is_exported_comes_back_unchanged() {
    let desk = Desk::new();
    desk.json(&["import", "routes-data/peoples-canal"]);
    for format in ["geojson", "csv", "tsv", "xlsx"] {
        let file = desk.path(&format!("route.{format}"));
        let written = desk.json(&["export", "peoples-canal", "--format", format, "--out", &file]);
        assert_eq!(written["file"], file.as_str());
        let back = desk.json(&["import", &file, "--route", "peoples-canal"]);
        assert_eq!(count(&back["files"][0]["report"], COUNTS), [0, 0, 26, 0, 0], "{format}: {back}");
    }
    assert_eq!(desk.json(&["draft", "list"])[0]["draft"], "none");
}

#[test]
fn an_export_goes_to_a_file_or_a_pipe_and_what_is_lost_is_said_beside() {
    let desk = Desk::new();
    desk.json(&["import", "routes-data/peoples-canal"]);
    let output = desk.run(&["export", "peoples-canal", "--format", "gpx", "--of", "published"]);
    assert!(text(&output.stdout).starts_with("<?xml") && output.status.success());
    assert!(text(&output.stderr).contains("not in the gpx file: zones"), "{}", text(&output.stderr));
    let piped = desk.run(&["export", "peoples-canal", "--format", "kmz", "--of", "1"]);
    assert!(piped.stdout.starts_with(b"PK"), "a pipe takes any bytes");
    for (args, said) in [
        (&["export", "peoples-canal", "--of", "7"][..], "studyroute history peoples-canal lists them"),
        (&["export", "nowhere"], "studyroute draft list names them"),
        (&["export", "peoples-canal", "--out", "/no/such/folder/x"], "cannot write /no/such/folder/x"),
        (&["template", "gpx"], "there are templates for csv and xlsx"),
    ] {
        let refused = desk.refuses(args);
        assert!(refused.contains(said), "{args:?}: {refused}");
    }
}

#[test]
fn a_template_can_be_imported_as_it_is() {
    let desk = Desk::new();
    for format in ["csv", "xlsx"] {
        let file = desk.path(&format!("template.{format}"));
        desk.says(&["template", format, "--out", &file]);
        let report = desk.json(&["import", &file, "--route", "walk", "--dry-run"]);
        assert_eq!(report["files"][0]["report"]["added"], 1, "{format}: {report}");
    }
    assert!(desk.run(&["template", "csv"]).stdout.starts_with("\u{feff}编号".as_bytes()));
}
