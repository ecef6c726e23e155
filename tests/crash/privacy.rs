//! Where somebody was is judged and dropped: neither the database nor the log nor the figures know it, in any notation.

use crate::ledger::{Attempt, Participant};
use crate::process::{PATIENCE, Server, Setup};
use crate::seed;
use serde_json::{Value, json};
use std::path::Path;

/// Inside the zone of this waypoint, and nowhere near a number of the route files.
const WAYPOINT: &str = "confucius-mencius/dacheng-hall";
const LAT: f64 = 35.597_612_345_67;
const LON: f64 = 116.984_212_345_67;
/// A visitor who is refused, in the Pacific.
const FAR_LAT: f64 = 1.234_567_891_23;
const FAR_LON: f64 = -150.765_432_198_76;
/// Roundings down to a metre; what is coarser is in the route files too.
const DECIMALS: std::ops::RangeInclusive<usize> = 5..=12;

#[test]
fn no_position_and_no_token_is_found_in_database_log_backup_or_metrics() {
    let folder = tempfile::tempdir().unwrap();
    let loud = Setup::sqlite(folder.path()).flag("--access-log", "true").flag("--log", "trace");
    let mut server = loud.start();
    let (token, id) = plant(&server);
    let needles = needles(&token);
    let metrics = server.get("/metrics").unwrap().text().unwrap();
    assert!(metrics.contains("studyroute_requests_total"));
    assert_hidden("/metrics", metrics.as_bytes(), &needles);
    let backup = folder.path().join("backup.db");
    loud.chore(&["backup", backup.to_str().unwrap()]);
    let wal = assert_file_hidden(&folder.path().join("studyroute.db-wal"), &needles);
    assert!(find(&wal, id.as_bytes()), "the check-in itself is in the write-ahead log");
    assert!(find(&assert_file_hidden(&backup, &needles), id.as_bytes()), "and in the backup");
    server.terminate();
    assert!(server.ends_within(PATIENCE).is_some_and(|status| status.success()));
    let file = assert_file_hidden(&folder.path().join("studyroute.db"), &needles);
    assert!(find(&file, id.as_bytes()), "and, once the log is folded in, in the file");
    let log = server.log();
    assert!(
        log.contains("/v1/nearby") && log.contains("/v1/check-ins/batch"),
        "the access log is on, to its last line"
    );
    assert_hidden("the log", log.as_bytes(), &needles);
}

#[test]
fn the_search_finds_every_notation_it_looks_for() {
    let token = format!("srp_{}", "0123456789abcdef".repeat(6));
    for (name, needle) in needles(&token) {
        let hay = [b"something before ", &needle[..], b" and after"].concat();
        assert!(find(&hay, &needle), "{name}");
    }
    assert!(find(b"{\"lat\":35.59761234567}", &needles(&token)[0].1), "prefixes of longer numbers are found");
    assert!(!find(b"35.5975690", b"35.59761"));
}

/// Asks and checks in at the recognisable place in every way there is; gives the token and the id of a kept check-in.
fn plant(server: &Server) -> (String, String) {
    let who = Participant::create(server);
    let token = &who.token;
    let nearby = format!("/v1/nearby?lat={LAT}&lon={LON}&radius_m=900");
    assert_eq!(server.status(&nearby), Some(200));
    assert_eq!(server.status(&format!("{nearby}&misspelt=1")), Some(400));
    let asked = json!({"lat": LAT, "lon": LON, "crs": "wgs84"});
    assert_eq!(server.post("/v1/nearby", token, &asked).unwrap().status(), 200);
    let mut rng = seed("privacy");
    let mut at = |lat: f64, lon: f64| {
        let mut body = Attempt::inside(&who, &mut rng).body;
        body["waypoint"] = json!(WAYPOINT);
        body["position"] = json!({"lat": lat, "lon": lon, "accuracy_m": 12});
        body
    };
    let (kept, far) = (at(LAT, LON), at(FAR_LAT, FAR_LON));
    let (again, unreadable) = (at(LAT, LON), json!({"id": "x", "lat": LAT, "lon": LON}));
    let status = |body: &Value| server.post("/v1/check-ins", token, body).unwrap().status().as_u16();
    assert_eq!([status(&kept), status(&kept), status(&far), status(&unreadable)], [201, 200, 422, 400]);
    let mut moved = kept.clone();
    moved["position"]["lat"] = json!(LAT + 1e-9);
    assert_eq!(status(&moved), 409);
    let batch = json!({"check_ins": [again, far, kept, unreadable]});
    let answer = server.post("/v1/check-ins/batch", token, &batch).unwrap();
    let results: Value = answer.json().unwrap();
    let statuses: Vec<u64> =
        results["results"].as_array().unwrap().iter().map(|r| r["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 422, 200, 400]);
    (token.clone(), kept["id"].as_str().unwrap().to_string())
}

/// Everything that must not be found, with a name for it.
fn needles(token: &str) -> Vec<(String, Vec<u8>)> {
    let mut needles = Vec::new();
    for (name, degrees) in [("lat", LAT), ("lon", LON), ("far lat", FAR_LAT), ("far lon", FAR_LON)] {
        for decimals in DECIMALS {
            // Rounded, and cut off as the beginning of something longer.
            needles.push((format!("{name} to {decimals}"), format!("{degrees:.decimals$}").into_bytes()));
            let cut = format!("{degrees:.14}");
            let end = cut.find('.').unwrap() + 1 + decimals;
            needles.push((format!("{name} cut to {decimals}"), cut.as_bytes()[..end].to_vec()));
        }
        for power in [5, 6, 7] {
            #[expect(clippy::cast_possible_truncation, reason = "nine digits")]
            let whole = (degrees * 10f64.powi(power)) as i64;
            needles.push((format!("{name} in units of 1e-{power} degrees"), whole.to_string().into_bytes()));
        }
        for (unit, value) in [("degrees", degrees), ("radians", degrees.to_radians())] {
            needles.push((format!("{name} in {unit}, f64 BE"), value.to_be_bytes().to_vec()));
            needles.push((format!("{name} in {unit}, f64 LE"), value.to_le_bytes().to_vec()));
            #[expect(clippy::cast_possible_truncation, reason = "what somebody might have kept")]
            let short = value as f32;
            needles.push((format!("{name} in {unit}, f32 BE"), short.to_be_bytes().to_vec()));
            needles.push((format!("{name} in {unit}, f32 LE"), short.to_le_bytes().to_vec()));
        }
    }
    // The token is `srp_`, 32 digits of the id, 64 of the secret, 8 of the checksum.
    let secret = token.get(36..100).unwrap_or(token);
    needles.push(("token".into(), token.into()));
    needles.push(("secret of the token".into(), secret.into()));
    needles.push(("secret in bytes".into(), hex::decode(&secret[..secret.len() & !1]).unwrap_or(secret.into())));
    needles
}

fn find(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}

fn assert_hidden(place: &str, hay: &[u8], needles: &[(String, Vec<u8>)]) {
    for (name, needle) in needles {
        assert!(!find(hay, needle), "{place} holds the {name}");
    }
}

fn assert_file_hidden(file: &Path, needles: &[(String, Vec<u8>)]) -> Vec<u8> {
    let content = std::fs::read(file).unwrap();
    assert!(content.len() > 4_096, "{} holds something", file.display());
    assert_hidden(&file.display().to_string(), &content, needles);
    content
}
