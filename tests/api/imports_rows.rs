//! Row by row: which waypoint a row is about, what it changes and what it leaves, and every mistake by its name.

use crate::app::TestApp;
use crate::imports::{CANAL, IMPORT, NEW, counts, designer, draft, ids, import, left_behind, results, taken, waypoint};
use crate::openapi::{check_answer, document};
use serde_json::{Value, json};
use std::fmt::Write;

/// The mistakes of all rows: place, column, value, words.
fn mistakes(problem: &Value) -> Vec<[String; 4]> {
    let rows = problem["results"].as_array().expect("rows");
    let refused = rows.iter().filter(|row| row["result"] == "refused");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let of_row = |row: &Value| {
        let place = row["place"].to_string();
        let mistakes = row["mistakes"].as_array().cloned().unwrap_or_default();
        mistakes
            .into_iter()
            .map(move |one| [place.clone(), text(&one["column"]), text(&one["value"]), text(&one["message"])])
    };
    refused.flat_map(of_row).collect()
}

#[tokio::test]
async fn every_mistake_is_named_by_its_row_and_the_designers_own_heading() {
    let app = TestApp::start().await;
    let (document, designer) = (document(&app).await, designer(&app).await);
    let file = "编号,名称,北纬,东经,半径,待实测,坐标系,海拔来源,海拔\n\
        Old Bridge,桥,35.5,116.9,50,是,,,\n\
        good-one,好,35.5,116.9,50,是,,,\n\
        good-one,又一,35.5,116.9,50,是,,,\n\
        far,远,95,116.9,,,,,\n\
        turned,反,116.9,35.5,,,,,\n\
        word,字,三十五,116.9,,,,,\n\
        half,半,35.5,,,,,,\n\
        wide,宽,35.5,116.9,宽,,,,\n\
        maybe,许,35.5,116.9,,也许,,,\n\
        mars,星,35.5,116.9,,,火星二号,,\n\
        ,,35.5,116.9,,,,,\n\
        nowhere,无,,,,,,,\n\
        high,高,35.5,116.9,,,,地图,\n\
        more,多,35.5,116.9,,,,,,多余\n";
    let answer = import(&designer, NEW, "", file).await;
    check_answer(&document, "post", IMPORT, &answer);
    let problem = answer.refused(422, "import-refused");
    let expected = [
        (2, "编号", "Old Bridge", "lower-case letters"),
        (4, "编号", "good-one", "stands in line 3 already"),
        (5, "北纬", "95", "latitude"),
        (6, "北纬", "116.9", "swapped"),
        (7, "北纬", "三十五", ""),
        (8, "东经", "", "write both"),
        (9, "半径", "宽", ""),
        (10, "待实测", "也许", "write yes or no"),
        (11, "坐标系", "火星二号", "write wgs84"),
        (12, "名称", "", "give the place a name"),
        (13, "北纬", "", "give it one"),
        (14, "", "", "write the metres"),
        (15, "", "多余", "more cells"),
    ];
    let found = mistakes(&problem);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for ([place, column, value, message], (line, heading, written, words)) in found.iter().zip(expected) {
        assert_eq!(
            (place, &column[..], &value[..]),
            (&json!({"line": line}).to_string(), heading, written),
            "{message}"
        );
        assert!(message.contains(words) && message.len() > 10, "line {line}: {message}");
    }
    assert_eq!((counts(&problem), &problem["rows"]), ([1, 0, 0, 0, 13], &json!(14)));
    assert!(problem["detail"].as_str().expect("words").starts_with("13 rows are wrong"), "{problem:#}");
    assert_eq!((draft(&designer, NEW).await, left_behind(&app).await), (Value::Null, (0, 0)), "nothing was kept");

    let partial = taken(&designer, NEW, "?partial=true", file).await;
    assert_eq!((counts(&partial), &partial["accepted"]), ([1, 0, 0, 0, 13], &json!(true)));
    assert_eq!(mistakes(&partial), found);
    assert_eq!(ids(&draft(&designer, NEW).await), ["good-one"]);
    // A sheet counts rows, a map features.
    let feature = json!({"type": "Feature", "id": "x", "geometry": {"type": "Point", "coordinates": [116.9, 95.0]}, "properties": {"title": {"zh-CN": "极"}}});
    let problem = import(&designer, NEW, "", feature.to_string()).await.refused(422, "import-refused");
    assert_eq!(problem["results"][0]["place"], json!({"feature": 1}));
    let gpx = "<gpx version=\"1.1\">\n<wpt lat=\"x\" lon=\"116.9\"><name>闸</name></wpt>\n</gpx>";
    let problem = import(&designer, NEW, "", gpx).await.refused(422, "import-refused");
    assert_eq!(mistakes(&problem)[0][..3], [json!({"line": 2}).to_string(), "lat".into(), "x".into()]);
    assert!(problem["detail"].as_str().expect("words").starts_with("1 row is wrong"), "{problem:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_wrong_rows_all_are_counted_and_a_thousand_are_shown() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let mut file = "编号,名称,纬度,经度\n".to_string();
    for row in 0..2_500 {
        let lat = if row % 2 == 0 { "north" } else { "35.5" };
        writeln!(file, "stop-{row},站{row},{lat},116.9").expect("memory takes it");
    }
    let problem = import(&designer, NEW, "", file).await.refused(422, "import-refused");
    assert_eq!((counts(&problem), &problem["rows"]), ([1_250, 0, 0, 0, 1_250], &json!(2_500)));
    let rows = problem["results"].as_array().expect("rows");
    let lines = |result: &str| -> Vec<u64> {
        rows.iter()
            .filter(|row| row["result"] == result)
            .map(|row| row["place"]["line"].as_u64().expect("a line"))
            .collect()
    };
    assert_eq!(rows.len(), 2_000);
    assert!(rows[..1_000].iter().all(|row| row["result"] == "refused"), "the refused ones first");
    assert_eq!(lines("refused"), (0..1_000).map(|n| 2 * n + 2).collect::<Vec<_>>());
    assert_eq!(lines("added"), (0..1_000).map(|n| 2 * n + 3).collect::<Vec<_>>());
    assert_eq!(draft(&designer, NEW).await, Value::Null);
    // One row with everything wrong does not fill the report either.
    let headings: Vec<String> = (1..=100).map(|n| format!(",exhibits.{n}.scale")).collect();
    let wrong = format!("id,lat,lon{}\nx,1,2{}\n", headings.concat(), ",wide".repeat(100));
    let problem = import(&designer, NEW, "", wrong).await.refused(422, "import-refused");
    let mistakes = mistakes(&problem);
    assert_eq!((mistakes.len(), &mistakes[19][1][..]), (21, "exhibits.20.scale"));
    assert!(mistakes[20][3].contains("(80)"), "{:?}", mistakes[20]);
}

#[tokio::test]
async fn a_row_changes_what_it_says_and_leaves_what_it_does_not_mention() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let before = waypoint(&designer, CANAL, "daicun-dam").await;
    // Texts alone.
    let report = taken(&designer, CANAL, "", "id,title.en\ndaicun-dam,Daicun Weir\n").await;
    assert_eq!(counts(&report), [0, 1, 0, 0, 0]);
    let mut expected = before.clone();
    expected["title"]["en"] = json!("Daicun Weir");
    assert_eq!(waypoint(&designer, CANAL, "daicun-dam").await, expected);
    // An empty cell empties, also found by a name in the other language.
    taken(&designer, CANAL, "", "名称,县区（英文）,开放时间\nDaicun Weir,,\n").await;
    expected["county"]["en"] = json!("");
    expected.as_object_mut().expect("an object").remove("opening_hours");
    assert_eq!(waypoint(&designer, CANAL, "daicun-dam").await, expected);
    // The source of a height changes although the height does not.
    let metres = expected["altitude"]["metres"].clone();
    if metres.is_number() {
        taken(&designer, CANAL, "", format!("id,海拔,海拔来源\ndaicun-dam,{metres},RTK\n")).await;
        expected["altitude"]["source"] = json!("RTK");
        assert_eq!(waypoint(&designer, CANAL, "daicun-dam").await, expected);
    }
    // A circle becomes a polygon and a circle again.
    let ring = "[[[116.5,35.8],[116.6,35.8],[116.5,35.9],[116.5,35.8]]]";
    taken(&designer, CANAL, "", format!("id;多边形\ndaicun-dam;{ring}\n")).await;
    let zone = waypoint(&designer, CANAL, "daicun-dam").await["zone"].clone();
    assert_eq!(zone, json!({"kind": "polygon", "coordinates": serde_json::from_str::<Value>(ring).expect("JSON")}));
    taken(&designer, CANAL, "", "id,半径\ndaicun-dam,75\n").await;
    let zone = waypoint(&designer, CANAL, "daicun-dam").await["zone"].clone();
    assert_eq!(zone, json!({"kind": "circle", "radius_m": 75.0}));
}

#[tokio::test]
async fn a_moved_waypoint_says_where_its_place_comes_from() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let coordinate = |id: &'static str| {
        let designer = &designer;
        async move { waypoint(designer, CANAL, id).await["coordinate"].clone() }
    };
    let before = coordinate("daicun-dam").await;
    let at = waypoint(&designer, CANAL, "daicun-dam").await["position"].clone();
    let degrees = |axis: &str| at[axis].as_f64().expect("degrees");
    let row = |north_m: f64| format!("{},{}", degrees("lat") + north_m / 110_951.0, degrees("lon"));
    let query = "?source=RTK&precision_m=0.05";
    taken(&designer, CANAL, query, format!("id,lat,lon\ndaicun-dam,{}\n", row(0.8))).await;
    assert_eq!(coordinate("daicun-dam").await, before, "less than a metre is no move");
    taken(&designer, CANAL, query, format!("id,lat,lon,来源,精度\ndaicun-dam,{},,\n", row(30.0))).await;
    let moved = coordinate("daicun-dam").await;
    assert_eq!((&moved["source"], &moved["precision_m"]), (&json!("RTK"), &json!(0.05)), "an empty cell names none");
    assert_eq!((&moved["source_datum"], moved.get("derivation")), (&json!("wgs84"), None));
    taken(&designer, CANAL, query, format!("id,lat,lon,来源,精度\ndaicun-dam,{},天地图,8\n", row(60.0))).await;
    let own = coordinate("daicun-dam").await;
    assert_eq!((&own["source"], &own["precision_m"]), (&json!("天地图"), &json!(8.0)), "its own columns win");
    // Of new waypoints too, and their zones.
    let new = format!("id,name,lat,lon,radius\na,甲,{},\nb,乙,{},20\n", row(90.0), row(120.0));
    taken(&designer, CANAL, "?radius_m=35", new).await;
    let zone = waypoint(&designer, CANAL, "a").await["zone"].clone();
    assert_eq!(zone, json!({"kind": "circle", "radius_m": 35.0, "to_be_surveyed": true}));
    assert_eq!(waypoint(&designer, CANAL, "b").await["zone"]["radius_m"], 20.0);
    assert_eq!(coordinate("b").await["precision_m"], 20.0, "no better than the zone asks");
    assert_eq!(coordinate("a").await["source"], "导入的文件 (imported file)");
}

#[tokio::test]
async fn stops_go_where_the_order_column_puts_them_and_go_away_when_all_is_replaced() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let whole = "编号,名称,纬度,经度\na,甲,35.1,116\nb,乙,35.2,116\nc,丙,35.3,116\nd,丁,35.4,116\n";
    assert_eq!(counts(&taken(&designer, NEW, "", whole).await), [4, 0, 0, 0, 0]);
    for (table, expected) in
        [("编号,序号\nb,4\n", "acdb"), ("编号,序号\nb,1\nd,2\n", "bdac"), ("编号,序号\na,1\nb,2\nc,3\nd,4\n", "abcd")]
    {
        let report = taken(&designer, NEW, "", table).await;
        assert_eq!((&report["reordered"], &report["changed"]), (&json!(true), &json!(0)), "{table}");
        let draft = draft(&designer, NEW).await;
        assert_eq!(ids(&draft).concat(), expected, "{table}");
        let again = taken(&designer, NEW, "", table).await;
        assert_eq!((&again["reordered"], &again["etag"]), (&json!(false), &draft["etag"]), "{table}");
    }
    taken(&designer, NEW, "", "编号,简介\nc,水往低处流\n").await;
    let replaced = taken(&designer, NEW, "?replace=true", "编号,纬度,经度\nd,35.4,116\nc,35.3,116\n").await;
    assert_eq!((counts(&replaced), &replaced["reordered"]), ([0, 0, 2, 2, 0], &json!(true)));
    let left = draft(&designer, NEW).await;
    assert_eq!(ids(&left), ["d", "c"]);
    assert_eq!(left["waypoints"][1]["summary"]["zh-CN"], "水往低处流", "what the file does not mention stays");
    assert_eq!(left_behind(&app).await, (0, 0));
}

#[tokio::test]
async fn a_second_import_of_the_same_file_knows_its_rows_again() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let file = "名称,纬度,经度\n南门,35.1,116\n南门,35.2,116\nNan Men,35.3,116\n南门,north,116\n南门,35.4,116\n";
    import(&designer, NEW, "", file).await.refused(422, "import-refused");
    let first = taken(&designer, NEW, "?partial=true", file).await;
    let added = |id: &str| (id.to_string(), "added".to_string());
    let rows = results(&first);
    assert_eq!(
        [2, 3, 4, 6].map(|line| rows[&line].clone()),
        ["nan-men", "nan-men-2", "nan-men-3", "nan-men-4"].map(added)
    );
    let second = taken(&designer, NEW, "?partial=true", file).await;
    assert_eq!((counts(&second), &second["etag"]), ([0, 0, 4, 0, 1], &first["etag"]), "{second:#}");
    // Rows in another order, and one moved a little: each is still itself.
    let turned = "名称,纬度,经度\n南门,35.4,116\n南门,35.2001,116\n南门,35.1,116\n";
    let third = results(&taken(&designer, NEW, "", turned).await);
    let expected = [("nan-men-4", "unchanged"), ("nan-men-2", "changed"), ("nan-men", "unchanged")];
    assert_eq!([2, 3, 4].map(|line| third[&line].clone()), expected.map(|(id, result)| (id.into(), result.into())));
    // A row with an id takes its waypoint from the rows that have only its name.
    let mixed = "编号,名称,纬度,经度\nnan-men,南门,35.1,116\n,南门,35.2001,116\n,南门,35.4,116\n,南门,35.9,116\n";
    let fourth = taken(&designer, NEW, "", mixed).await;
    assert_eq!(counts(&fourth), [1, 0, 3, 0, 0], "{fourth:#}");
    let fifth = taken(&designer, NEW, "", mixed).await;
    assert_eq!((counts(&fifth), &fifth["etag"]), ([0, 0, 4, 0, 0], &fourth["etag"]));
    // An id that somebody else has already is not given again.
    let report = taken(&designer, NEW, "", "id,name,lat,lon\nstone,石,35,116\n,Stone,36,117\n").await;
    assert_eq!(results(&report)[&3], added("stone-2"));
}

#[tokio::test]
async fn a_track_draws_the_line_and_its_name_names_only_a_route_without_one() {
    let app = TestApp::start().await;
    let designer = designer(&app).await;
    let track = r#"<gpx version="1.1"><trk><name>2026-05-01 09:12</name><trkseg>
        <trkpt lat="35.5" lon="116.5"/><trkpt lat="35.6" lon="116.6"/></trkseg></trk></gpx>"#;
    let before = draft(&designer, CANAL).await;
    assert_eq!(taken(&designer, CANAL, "", track).await["route_changed"], true);
    let after = draft(&designer, CANAL).await;
    assert_eq!(after["title"], before["title"]);
    assert_eq!(after["line"]["coordinates"], json!([[116.5, 35.5], [116.6, 35.6]]));
    taken(&designer, NEW, "", track).await;
    assert_eq!(draft(&designer, NEW).await["title"]["en"], "2026-05-01 09:12");
}
