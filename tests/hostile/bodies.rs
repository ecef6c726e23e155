//! Hostile bodies: what is no JSON, what is the wrong JSON, and values no honest phone sends.

use super::rig::{Case, NOW, Rig, Want, post};

const BAD: Want = Want::Problem(400, "invalid-json");
const DEEP: Want = Want::Problem(400, "too-deep");
const LARGE: Want = Want::Problem(413, "body-too-large");

/// An honest check-in with members replaced (`Some`), added, or left out (`None`).
pub fn check_in(id: &str, changes: &[(&str, Option<&str>)]) -> String {
    let at = format!("\"{NOW}\"");
    let id = format!("\"{id}\"");
    let mut position = vec![("lat", "35.5976"), ("lon", "116.9842"), ("accuracy_m", "12")];
    let mut members = vec![("id", &*id), ("waypoint", "\"confucius-mencius/dacheng-hall\""), ("occurred_at", &at)];
    let mut whole_position = None;
    for &(name, value) in changes {
        if name == "position" {
            whole_position = Some(value);
            continue;
        }
        let (part, name) = match name.strip_prefix("position.") {
            Some(name) => (&mut position, name),
            None => (&mut members, name),
        };
        part.retain(|(member, _)| *member != name);
        part.extend(value.map(|value| (name, value)));
    }
    let write = |members: &[(&str, &str)]| {
        let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    };
    let position = write(&position);
    members.extend(whole_position.unwrap_or(Some(&position)).map(|value| ("position", value)));
    write(&members)
}

/// Bytes that are no JSON, or JSON to exhaust its reader.
pub fn shapes(rig: &Rig) -> Vec<Case> {
    let auth = rig.auth();
    let honest = check_in("shape", &[]);
    let utf16: Vec<u8> = honest.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let keys: Vec<String> = (0..100_000).map(|i| format!("\"k{i}\":1")).collect();
    let many_keys: Vec<String> = (0..4_000).map(|i| format!("\"k{i}\":1")).collect();
    let spaces = format!("{honest}{}", " ".repeat(60_000));
    let invalid_utf8 = [&honest.as_bytes()[..7], b"\xff\xfe", &honest.as_bytes()[7..]].concat();
    let bodies: Vec<(&str, Vec<u8>, Want)> = vec![
        ("an honest check-in", honest.clone().into(), Want::Done(201)),
        ("the same again with spaces after it", spaces.into(), Want::Done(200)),
        ("nothing", Vec::new(), BAD),
        ("spaces only", b"   ".to_vec(), BAD),
        ("a depth of 30,000 arrays", "[".repeat(30_000).into(), DEEP),
        ("a depth of 100,000 arrays", "[".repeat(100_000).into(), LARGE),
        ("a depth of 10,000 objects", "{\"a\":".repeat(10_000).into(), DEEP),
        ("a depth of 33", format!("{}{}", "[".repeat(33), "]".repeat(33)).into(), DEEP),
        ("a depth of 31", format!("{}{}", "[".repeat(31), "]".repeat(31)).into(), BAD),
        ("closing brackets only", "]".repeat(1_000).into(), BAD),
        ("100,000 keys", format!("{{{}}}", keys.join(",")).into(), LARGE),
        ("4,000 keys", format!("{{{}}}", many_keys.join(",")).into(), BAD),
        ("a name of 60,000 characters", format!("{{\"{}\":1}}", "n".repeat(60_000)).into(), BAD),
        ("a string without an end", format!("{{\"id\":\"{}", "x".repeat(10_000)).into(), BAD),
        ("UTF-16", utf16.clone(), BAD),
        ("UTF-16 with a byte order mark", [b"\xff\xfe".to_vec(), utf16].concat(), BAD),
        ("UTF-8 with a byte order mark", [b"\xef\xbb\xbf", honest.as_bytes()].concat(), BAD),
        ("bytes that are no UTF-8", invalid_utf8, BAD),
        ("overlong UTF-8", b"{\"id\":\"\xc0\xaf\"}".to_vec(), BAD),
        ("a NUL after it", [honest.as_bytes(), b"\0"].concat(), BAD),
        ("two documents", format!("{honest}{honest}").into(), BAD),
        ("a comma too many", honest.replace('}', ",}").into(), BAD),
        ("a comment", format!("/* hello */{honest}").into(), BAD),
        ("single quotes", honest.replace('"', "'").into(), BAD),
        ("a list of its values", format!("[\"x\",\"a/b\",\"{NOW}\",[1,2,3]]").into(), BAD),
        ("a number", b"5".to_vec(), BAD),
        ("null", b"null".to_vec(), BAD),
        ("a string", b"\"{}\"".to_vec(), BAD),
        ("XML", b"<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>".to_vec(), BAD),
        ("a form", b"id=1&waypoint=2".to_vec(), BAD),
        ("MessagePack", vec![0x81, 0xa2, b'i', b'd', 0xa1, b'x'], BAD),
    ];
    bodies.into_iter().map(|(name, body, want)| Case::new(name, post("/v1/check-ins", &auth, body), want)).collect()
}

/// Every member with a value of another kind, left out, twice there, or unknown.
pub fn members(rig: &Rig) -> Vec<Case> {
    let auth = rig.auth();
    let mut cases = vec![Case::new("honest", post("/v1/check-ins", &auth, check_in("member", &[])), Want::Done(201))];
    let mut add = |name: String, body: String, want: Want| {
        cases.push(Case::new(name, post("/v1/check-ins", &auth, body), want));
    };
    let texts = ["id", "waypoint", "occurred_at"];
    let numbers = ["position.lat", "position.lon", "position.accuracy_m"];
    for member in texts.iter().chain(&numbers).chain(&["position"]) {
        for value in ["null", "true", "[]", "{}", "[1]", "\"\"", "\"Na N\""] {
            if *member != "waypoint" || !value.starts_with('"') {
                add(format!("{member}: {value}"), check_in("wrong", &[(member, Some(value))]), BAD);
            }
        }
        add(format!("{member} left out"), check_in("wrong", &[(member, None)]), BAD);
    }
    for member in texts {
        add(format!("{member}: a number"), check_in("wrong", &[(member, Some("17"))]), BAD);
    }
    for member in numbers {
        let long = "9".repeat(400);
        let small = format!("0.{}1", "0".repeat(400));
        for value in ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "+1", "01", "１２", "0x10", "1e9", "1_0", ".5"]
        {
            add(format!("{member}: {value}"), check_in("wrong", &[(member, Some(value))]), BAD);
        }
        add(format!("{member}: 400 digits"), check_in("wrong", &[(member, Some(&long))]), BAD);
        let outside =
            if member == "position.accuracy_m" { Want::Done(201) } else { Want::Problem(422, "outside-zone") };
        let id = format!("small-{member}").replace("position.", "");
        add(format!("{member}: 400 decimals"), check_in(&id, &[(member, Some(&small))]), outside);
    }
    for (name, changes, want) in [
        ("a latitude beyond the pole", ("position.lat", "90.0000001"), BAD),
        ("the pole itself", ("position.lat", "90"), Want::Problem(422, "outside-zone")),
        ("a longitude beyond the antimeridian", ("position.lon", "-180.001"), BAD),
        ("the antimeridian itself", ("position.lon", "-180"), Want::Problem(422, "outside-zone")),
        ("latitude and longitude swapped", ("position.lat", "116.9842"), BAD),
        ("an accuracy below 0", ("position.accuracy_m", "-0.001"), BAD),
        ("an accuracy of -0", ("position.accuracy_m", "-0.0"), Want::Done(201)),
        ("an accuracy beyond the earth", ("position.accuracy_m", "20000001"), BAD),
        ("an unknown reference system", ("position.crs", "\"epsg:4326\""), BAD),
        ("an upper-case reference system", ("position.crs", "\"WGS84\""), BAD),
        ("a reference system in a list", ("position.crs", "[\"wgs84\"]"), BAD),
        ("no reference system", ("position.crs", "null"), Want::Done(201)),
        ("a verdict of one's own", ("verdict", "\"inside\""), BAD),
        ("another participant", ("participant_id", "\"80f77563-0c00-43b2-83e3-7571849951ef\""), BAD),
        ("a time of receipt", ("received_at", "\"2026-11-23T10:15:00Z\""), BAD),
        ("a revision", ("revision", "1"), BAD),
        ("a prototype", ("__proto__", "{\"verdict\":\"inside\"}"), BAD),
        ("a member of the position", ("position.verified", "true"), BAD),
        ("a name with a NUL", ("a\\u0000b", "1"), BAD),
        ("an empty name", ("", "1"), BAD),
    ] {
        let id = name.replace(' ', "-");
        add(name.into(), check_in(&id, &[(changes.0, Some(changes.1))]), want);
    }
    for (name, twice) in
        [("id", "\"id\":\"again\","), ("waypoint", "\"waypoint\":\"a/b\","), ("position", "\"position\":{},")]
    {
        add(format!("{name} twice"), check_in("wrong", &[]).replacen('{', &format!("{{{twice}"), 1), BAD);
    }
    cases
}

/// The other calls that take a body.
#[expect(clippy::too_many_lines, reason = "a table")]
pub fn others(rig: &Rig) -> Vec<Case> {
    let auth = rig.auth();
    let batch = |items: &[String]| format!("{{\"check_ins\":[{}]}}", items.join(","));
    let honest = |i: usize| check_in(&format!("batch-{i}"), &[]);
    let deep = format!("{{\"check_ins\":[{}{}]}}", "[".repeat(40), "]".repeat(40));
    let table: Vec<(&str, &str, String, Want)> = vec![
        ("an honest batch", "/v1/check-ins/batch", batch(&[honest(1), honest(2)]), Want::Done(200)),
        (
            "a batch of nonsense among honest ones",
            "/v1/check-ins/batch",
            batch(&[honest(3), "null".into(), "[1]".into()]),
            Want::Done(200),
        ),
        (
            "an item with a lone surrogate",
            "/v1/check-ins/batch",
            batch(&["{\"id\":\"\\ud800\"}".into()]),
            Want::Done(200),
        ),
        ("100 times the same id", "/v1/check-ins/batch", batch(&vec![honest(4); 100]), Want::Done(200)),
        ("an empty batch", "/v1/check-ins/batch", batch(&[]), BAD),
        ("101 items", "/v1/check-ins/batch", batch(&vec![honest(5); 101]), BAD),
        ("30,000 items", "/v1/check-ins/batch", batch(&vec!["1".into(); 30_000]), BAD),
        ("300 KB", "/v1/check-ins/batch", batch(&vec!["\"x\"".into(); 80_000]), LARGE),
        ("a list instead of a batch", "/v1/check-ins/batch", format!("[[{}]]", honest(6)), BAD),
        ("a batch in a batch", "/v1/check-ins/batch", batch(&[batch(&[honest(7)])]), Want::Done(200)),
        ("a deep item", "/v1/check-ins/batch", deep, DEEP),
        ("check_ins as an object", "/v1/check-ins/batch", "{\"check_ins\":{\"0\":1}}".into(), BAD),
        ("check_ins twice", "/v1/check-ins/batch", "{\"check_ins\":[],\"check_ins\":[]}".into(), BAD),
        ("an honest question", "/v1/nearby", "{\"lat\":35.6,\"lon\":117}".into(), Want::Done(200)),
        ("whole numbers with a point", "/v1/nearby", "{\"lat\":35,\"lon\":117,\"limit\":20.0}".into(), Want::Done(200)),
        ("-0", "/v1/nearby", "{\"lat\":-0.0,\"lon\":-0.0}".into(), Want::Done(200)),
        (
            "the south pole and the date line",
            "/v1/nearby",
            "{\"lat\":-90,\"lon\":180,\"radius_m\":100000}".into(),
            Want::Done(200),
        ),
        ("a list of numbers", "/v1/nearby", "[35.6,117,1,1,null,null,null,null]".into(), BAD),
        ("a limit of 0", "/v1/nearby", "{\"lat\":35,\"lon\":117,\"limit\":0}".into(), BAD),
        ("a limit of 20.5", "/v1/nearby", "{\"lat\":35,\"lon\":117,\"limit\":20.5}".into(), BAD),
        ("a limit of 2^64", "/v1/nearby", "{\"lat\":35,\"lon\":117,\"limit\":18446744073709551616}".into(), BAD),
        ("a limit below 0", "/v1/nearby", "{\"lat\":35,\"lon\":117,\"limit\":-1}".into(), BAD),
        ("a radius of 0", "/v1/nearby", "{\"lat\":35,\"lon\":117,\"radius_m\":0}".into(), BAD),
        ("a radius beyond the most", "/v1/nearby", "{\"lat\":35,\"lon\":117,\"radius_m\":100000.1}".into(), BAD),
        ("an unknown theme", "/v1/nearby", "{\"lat\":35,\"lon\":117,\"theme\":\"' OR 1=1 --\"}".into(), BAD),
        ("an unknown route", "/v1/nearby", "{\"lat\":35,\"lon\":117,\"route\":\"../../etc\"}".into(), BAD),
        ("an unknown language", "/v1/nearby", "{\"lat\":35,\"lon\":117,\"lang\":\"tlh\"}".into(), BAD),
        ("an honest participant", "/v1/participants", "{}".into(), Want::Done(201)),
        ("a list of nulls", "/v1/participants", "[null,null]".into(), BAD),
        ("a participant with a role", "/v1/participants", "{\"role\":\"operator\"}".into(), BAD),
        (
            "an unknown group",
            "/v1/participants",
            "{\"group_code\":\"'; DROP TABLE participants; --\",\"seat\":1}".into(),
            Want::Problem(422, "unknown-group"),
        ),
        ("a seat of 2^32", "/v1/participants", "{\"seat\":4294967296}".into(), BAD),
        ("a misspelt parameter", "/v1/participants?group=x", "{}".into(), Want::Problem(400, "unknown-parameter")),
        (
            "a parameter where there is none",
            "/v1/check-ins?dry_run=1",
            honest(8),
            Want::Problem(400, "unknown-parameter"),
        ),
        (
            "a parameter of a batch",
            "/v1/check-ins/batch?x",
            batch(&[honest(9)]),
            Want::Problem(400, "unknown-parameter"),
        ),
    ];
    table.into_iter().map(|(name, path, body, want)| Case::new(name, post(path, &auth, body), want)).collect()
}
