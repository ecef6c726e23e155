//! Hostile addresses: queries, cursors, limits, percent-encoding, paths, methods.

use super::rig::{Case, Rig, Want, get};

const BAD: Want = Want::Problem(400, "invalid-parameter");
const UNKNOWN: Want = Want::Problem(400, "unknown-parameter");
const NOT_FOUND: Want = Want::Problem(404, "not-found");
const NO_ROUTE: Want = Want::Problem(404, "unknown-route");
const NOT_ALLOWED: Want = Want::Problem(405, "method-not-allowed");

pub fn numbers(_: &Rig) -> Vec<Case> {
    let digits = "9".repeat(400);
    let mut cases = vec![
        Case::new("honest", get("/v1/nearby?lat=35.6&lon=117&radius_m=500&limit=3", ""), Want::Done(200)),
        Case::new("with an exponent", get("/v1/nearby?lat=3.56e1&lon=1.17E2", ""), Want::Done(200)),
        Case::new("-0", get("/v1/nearby?lat=-0&lon=-0.0", ""), Want::Done(200)),
        Case::new("the north pole", get("/v1/nearby?lat=90&lon=-180&radius_m=100000&limit=100", ""), Want::Done(200)),
    ];
    for name in ["lat", "lon", "radius_m", "limit"] {
        for value in [
            "",
            "NaN",
            "inf",
            "-Infinity",
            "1e999",
            "-1e999",
            "0x10",
            "1,5",
            "1_000",
            "１２",
            "%EF%BC%91",
            "٣",
            "1%00",
            "%20%31",
            "1;2",
            "null",
            "[]",
            "180.0000001",
            "-180.1",
            &digits,
        ] {
            let rest: String = [("lat", "35"), ("lon", "117")]
                .iter()
                .filter(|(other, _)| *other != name)
                .map(|(other, value)| format!("&{other}={value}"))
                .collect();
            // A radius of 180 m is one.
            let want = if name == "radius_m" && value.starts_with("180") { Want::Done(200) } else { BAD };
            let shown: String = value.chars().take(20).collect();
            cases.push(Case::new(
                format!("{name}={shown}"),
                get(&format!("/v1/nearby?{name}={value}{rest}"), ""),
                want,
            ));
        }
    }
    cases
}

pub fn parameters(rig: &Rig) -> Vec<Case> {
    let near = |rest: &str| format!("/v1/nearby?lat=35.6&lon=117{rest}");
    let long = format!("/v1/counts?route={}", "a".repeat(5_000));
    let many: String = (0..600).map(|i| format!("&b{i}")).collect();
    let late = hex("after:9223372036854775807");
    let too_late = hex("after:9223372036854775808");
    let below = hex("after:-1");
    let list = |cursor: &str| format!("/v1/routes?cursor={cursor}");
    let table: Vec<(String, Want)> = vec![
        ("/v1/routes?limit=1&lang=en&crs=gcj02".into(), Want::Done(200)),
        ("/v1/counts?by=day&by=route&from=2026-11-01&to=2026-11-23".into(), Want::Done(200)),
        (list(&late), Want::Done(200)),
        (list(&too_late), BAD),
        (list(&below), BAD),
        (list(""), BAD),
        (list("zz"), BAD),
        (list("61"), BAD),
        (list(&"61".repeat(1_000)), BAD),
        (list("%FF%FE"), BAD),
        (list("61667465723a31&cursor=61667465723a31"), BAD),
        ("/v1/routes?limit=0".into(), BAD),
        ("/v1/routes?limit=1001".into(), BAD),
        ("/v1/routes?limit=-1".into(), BAD),
        ("/v1/routes?limit=%2B5".into(), BAD),
        ("/v1/routes?limit=18446744073709551616".into(), BAD),
        ("/v1/routes?limit=1&limit=2".into(), BAD),
        ("/v1/routes?limit[]=1".into(), UNKNOWN),
        (near("&lat=36"), BAD),
        (near("&raduis_m=5"), UNKNOWN),
        (near("&LAT=35"), UNKNOWN),
        (near("&%00=1"), UNKNOWN),
        (near("&%ZZ=%ZZ"), UNKNOWN),
        (near("&%FF=1"), UNKNOWN),
        (near("&=&=&="), UNKNOWN),
        (near("&"), Want::Done(200)),
        (near("&route=..%2F..%2Fetc%2Fpasswd"), BAD),
        (near("&route=%C0%AE%C0%AE"), BAD),
        (near("&theme=%00"), BAD),
        (near("&crs=WGS84"), BAD),
        (near("&crs=wgs84%00"), BAD),
        (near("&lang=%E4%B8%AD"), BAD),
        (near("&lang=en;q=1"), BAD),
        (near(&many), UNKNOWN),
        ("/v1/nearby".into(), BAD),
        ("/v1/nearby?lat=35".into(), BAD),
        ("/v1/counts?from=2026-02-30".into(), BAD),
        ("/v1/counts?from=0000-00-00".into(), BAD),
        ("/v1/counts?from=2026-W01-1".into(), BAD),
        ("/v1/counts?from=99999-01-01".into(), BAD),
        ("/v1/counts?from=9999-12-31&to=0001-01-01".into(), BAD),
        ("/v1/counts?from=0001-01-01&to=9999-12-31".into(), BAD),
        ("/v1/counts?from=2026-11-23T00:00:00Z".into(), BAD),
        ("/v1/counts?by=people".into(), BAD),
        ("/v1/counts?by=day,route".into(), BAD),
        ("/v1/counts?by=day&by=day&by=day".into(), Want::Done(200)),
        ("/v1/counts?route=x'%20OR%20'1'='1".into(), BAD),
        ("/v1/counts.csv?route=%3D1%2B1".into(), BAD),
        (long, Want::Problem(414, "uri-too-long")),
    ];
    let mut cases: Vec<Case> =
        table.into_iter().map(|(target, want)| Case::new(shown(&target), get(&target, &rig.auth()), want)).collect();
    let erase = format!("DELETE /v1/me?dry_run=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{}\r\n", rig.auth());
    cases.push(Case::new("erasure with a parameter it has not got", erase, UNKNOWN));
    cases
}

pub fn paths(_: &Rig) -> Vec<Case> {
    let deep = "/a".repeat(200);
    let long = format!("/v1/routes/{}", "a".repeat(3_000));
    let table: Vec<(&str, Want)> = vec![
        ("/v1/routes/confucius-mencius/waypoints/dacheng-hall", Want::Done(200)),
        ("/v1/routes/%63onfucius-mencius", Want::Done(200)),
        ("/", Want::Done(200)),
        ("//", NOT_FOUND),
        ("//evil.example/healthz", NOT_FOUND),
        ("/../etc/passwd", NOT_FOUND),
        ("/%2e%2e/%2e%2e/etc/passwd", NOT_FOUND),
        ("/v1//nearby?lat=1&lon=1", NOT_FOUND),
        ("/v1/nearby/?lat=1&lon=1", NOT_FOUND),
        ("/V1/nearby?lat=1&lon=1", NOT_FOUND),
        ("/v1/./nearby?lat=1&lon=1", NOT_FOUND),
        ("/v1/routes/", NOT_FOUND),
        ("/v1/routes/../routes", NOT_FOUND),
        ("/v1/routes/..%2f..%2fetc%2fpasswd", NO_ROUTE),
        ("/v1/routes/%2e%2e%5c", NO_ROUTE),
        ("/v1/routes/a%00b", NO_ROUTE),
        ("/v1/routes/%ZZ", NO_ROUTE),
        ("/v1/routes/%", NO_ROUTE),
        ("/v1/routes/%FF", Want::Problem(400, "bad-request")),
        ("/v1/routes/%C0%AF", Want::Problem(400, "bad-request")),
        ("/v1/routes/%ED%A0%80", Want::Problem(400, "bad-request")),
        ("/v1/routes/confucius-mencius%20", NO_ROUTE),
        ("/v1/routes/CONFUCIUS-MENCIUS", NO_ROUTE),
        ("/v1/routes/{route}", Want::Refused),
        ("/v1/routes/confucius-mencius/waypoints/..", Want::Problem(404, "unknown-waypoint")),
        ("/v1/routes/confucius-mencius/waypoints/%2e%2e%2fx", Want::Problem(404, "unknown-waypoint")),
        ("/v1/routes/confucius-mencius/waypoints/dacheng-hall%00", Want::Problem(404, "unknown-waypoint")),
        ("/docs/../../../etc/passwd", Want::Refused),
        ("/docs/%2e%2e%2f%2e%2e%2fCargo.toml", Want::Refused),
        ("/openapi.json%00.html", NOT_FOUND),
        ("/.git/config", NOT_FOUND),
        ("/.env", NOT_FOUND),
        ("/metrics/../v1/me", NOT_FOUND),
        (&deep, NOT_FOUND),
        (&long, NO_ROUTE),
    ];
    let mut cases: Vec<Case> =
        table.into_iter().map(|(target, want)| Case::new(shown(target), get(target, ""), want)).collect();
    for (line, want) in [
        ("GET http://evil.example/healthz", Want::Done(200)),
        ("GET HTTP://evil.example:99999/healthz", Want::Either(&[200])),
        ("GET file:///etc/passwd", Want::Refused),
        ("GET *", Want::Refused),
        ("GET healthz", Want::Refused),
        ("GET ", Want::Parted),
        ("CONNECT 127.0.0.1:22", NOT_FOUND),
        ("CONNECT /v1/nearby", NOT_ALLOWED),
        ("TRACE /v1/nearby", NOT_ALLOWED),
        ("TRACK /v1/me", NOT_ALLOWED),
        ("BREW /v1/routes", NOT_ALLOWED),
        ("get /healthz", NOT_ALLOWED),
        ("PUT /v1/check-ins", NOT_ALLOWED),
        ("PATCH /v1/me", NOT_ALLOWED),
        ("DELETE /v1/routes/confucius-mencius", NOT_ALLOWED),
        ("POST /v1/counts", NOT_ALLOWED),
        ("PROPFIND /", NOT_ALLOWED),
        ("OPTIONS *", Want::Done(200)),
        ("OPTIONS /v1/check-ins", Want::Done(200)),
        ("G\u{1}T /healthz", Want::Parted),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA /healthz", NOT_ALLOWED),
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        cases.push(Case::new(line, request, want));
    }
    cases
}

fn hex(text: &str) -> String {
    ::hex::encode(text)
}

fn shown(target: &str) -> String {
    target.chars().take(80).collect()
}
