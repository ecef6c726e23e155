//! Hostile values of honest kinds: ids, names, times, texts.

use super::bodies::check_in;
use super::rig::{Case, Rig, Want, get, post};

const BAD: Want = Want::Problem(400, "invalid-json");
const UNKNOWN: Want = Want::Problem(404, "unknown-waypoint");

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn changed(rig: &Rig, member: &str, value: &str, id: &str, want: Want) -> Case {
    let body = check_in(id, &[(member, Some(value))]);
    let shown: String = value.chars().take(40).collect();
    Case::new(format!("{member}: {shown}"), post("/v1/check-ins", &rig.auth(), body), want)
}

pub fn ids(rig: &Rig) -> Vec<Case> {
    let (longest, too_long) = ("i".repeat(128), "i".repeat(129));
    let texts: [(&str, Want); 26] = [
        ("0192f0c1-7c1e-7e0a-9d63-0f6c3f1d2a4b", Want::Done(201)),
        ("..", Want::Done(201)),
        ("-_.:~", Want::Done(201)),
        (&longest, Want::Done(201)),
        (&too_long, BAD),
        ("", BAD),
        (" ", BAD),
        ("a b", BAD),
        (" a", BAD),
        ("a\n", BAD),
        ("a\0b", BAD),
        ("a\u{7f}", BAD),
        ("a\u{85}", BAD),
        ("../../etc/passwd", BAD),
        ("a\\b", BAD),
        ("%2e%2e", BAD),
        ("a'b", BAD),
        ("1; DROP TABLE check_ins", BAD),
        ("=1+1", BAD),
        ("<script>", BAD),
        ("😀", BAD),
        ("１２", BAD),
        ("\u{202e}abc", BAD),
        ("a\u{200b}b", BAD),
        ("\u{feff}a", BAD),
        ("é", BAD),
    ];
    let mut cases: Vec<Case> =
        texts.into_iter().map(|(id, want)| changed(rig, "id", &quoted(id), "unused", want)).collect();
    for escaped in ["\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u12\"", "\"\\x41\"", "\"a\tb\""] {
        cases.push(changed(rig, "id", escaped, "unused", BAD));
    }
    cases
}

pub fn waypoints(rig: &Rig) -> Vec<Case> {
    let long = "w".repeat(20_000);
    let names = [
        "",
        "/",
        "//",
        "dacheng-hall",
        "confucius-mencius",
        "confucius-mencius/",
        "/dacheng-hall",
        "confucius-mencius/../confucius-mencius/dacheng-hall",
        "confucius-mencius/dacheng-hall/",
        "../../etc/passwd",
        "confucius-mencius%2fdacheng-hall",
        "confucius-mencius/%2e%2e",
        "confucius-mencius/dacheng-hall\0",
        "confucius-mencius\\dacheng-hall",
        "Confucius-Mencius/Dacheng-Hall",
        "confucius-mencius/dacheng-hall ",
        "confucius-mencius/dacheng-hаll",
        "confucius-mencius/ｄacheng-hall",
        "confucius-mencius/dacheng\u{200b}-hall",
        "confucius-mencius/dacheng-hall' OR '1'='1",
        "\u{202e}llah-gnehcad/suicnem-suicufnoc",
        &long,
    ];
    let mut cases: Vec<Case> =
        names.into_iter().map(|name| changed(rig, "waypoint", &quoted(name), "nowhere", UNKNOWN)).collect();
    cases.push(changed(rig, "waypoint", "\"confucius-mencius\\u002fdacheng-hall\"", "escaped-slash", Want::Done(201)));
    cases
}

pub fn times(rig: &Rig) -> Vec<Case> {
    let old = || Want::Problem(422, "too-old");
    let ahead = || Want::Problem(422, "too-far-ahead");
    let fraction = format!("2026-11-23T10:15:00.{}Z", "1".repeat(30_000));
    let table: [(&str, Want); 32] = [
        ("2026-11-23T02:19:00Z", Want::Done(201)),
        ("2026-11-23T10:19:00.123456789+08:00", Want::Done(201)),
        ("2026-11-23T04:20:00Z", Want::Done(201)),
        ("2026-11-09T02:20:00Z", Want::Done(201)),
        ("2026-11-09T02:19:59.999Z", old()),
        ("2026-11-25T02:20:00.001Z", ahead()),
        ("0000-01-01T00:00:00Z", old()),
        ("0001-01-01T00:00:00Z", old()),
        ("1970-01-01T00:00:00Z", old()),
        ("9999-12-30T00:00:00Z", ahead()),
        ("9999-12-31T23:59:59Z", BAD),
        ("9999-12-31T23:59:59-23:59", BAD),
        ("10000-01-01T00:00:00Z", BAD),
        ("99999999999-01-01T00:00:00Z", BAD),
        ("2026-11-23T10:15:00", BAD),
        ("2026-11-23", BAD),
        ("2026-11-23T10:15:00+99:00", BAD),
        ("2026-11-23T25:00:00Z", BAD),
        ("2026-11-23T10:61:00Z", BAD),
        ("2026-11-23T10:15:61Z", BAD),
        ("2026-02-30T10:15:00Z", BAD),
        ("2026-13-01T10:15:00Z", BAD),
        ("2026-11-23T10:15:00+08:00[Asia/Shanghai]", BAD),
        ("2026-11-23T10:15:00Z[u-ca=chinese]", BAD),
        ("２０２６-11-23T10:15:00Z", BAD),
        ("1795400400000", BAD),
        ("now", BAD),
        ("23.11.2026 10:15", BAD),
        ("Mon, 23 Nov 2026 10:15:00 GMT", BAD),
        ("2026-11-23T10:15:00Z\0", BAD),
        ("2026-11-23T10:15:00\u{2212}08:00", BAD),
        (&fraction, BAD),
    ];
    let mut cases: Vec<Case> = table
        .into_iter()
        .enumerate()
        .map(|(i, (text, want))| changed(rig, "occurred_at", &quoted(text), &format!("time-{i}"), want))
        .collect();
    // RFC 3339 leaves these to the reader; either outcome is well-defined.
    for (i, text) in
        ["2016-12-31T23:59:60Z", "2026-11-23 10:15:00+08:00", "2026-11-23t10:15:00z"].into_iter().enumerate()
    {
        cases.push(changed(rig, "occurred_at", &quoted(text), &format!("lenient-{i}"), Want::Either(&[201])));
    }
    cases
}

/// Every place that takes a text, with texts that deceive the eye or the machine.
pub fn texts(_: &Rig) -> Vec<Case> {
    let deceptive = [
        "\u{202e}gnirts",
        "a\u{200b}\u{200d}b",
        "\u{2066}x\u{2069}",
        "\u{fdd0}\u{ffff}",
        "\u{e0041}\u{e007f}",
        "' OR 1=1; --",
        "<img src=x onerror=alert(1)>",
        "{{7*7}}${7*7}",
        "=cmd|' /C calc'!A0",
        "\r\nSet-Cookie: a=b",
        "e\u{301}\u{302}\u{303}",
    ];
    let mut cases =
        vec![Case::new("Chinese in a query", get("/v1/nearby?lat=35.6&lon=117&lang=zh-CN", ""), Want::Done(200))];
    for text in deceptive {
        let encoded = percent_encoded(text);
        let shown = quoted(text);
        let group = format!("{{\"group_code\":{shown},\"seat\":1}}");
        let theme = format!("/v1/nearby?lat=35.6&lon=117&theme={encoded}");
        for (place, request, want) in [
            ("group_code", post("/v1/participants", "", group), Want::Problem(422, "unknown-group")),
            ("theme", get(&theme, "").into(), Want::Problem(400, "invalid-parameter")),
            ("route", get(&format!("/v1/routes/{encoded}"), "").into(), Want::Refused),
            (
                "a parameter",
                get(&format!("/v1/counts?{encoded}=1"), "").into(),
                Want::Problem(400, "unknown-parameter"),
            ),
        ] {
            cases.push(Case::new(format!("{place} {shown}"), request, want));
        }
    }
    cases
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        encoded.push('%');
        encoded.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])));
    }
    encoded
}
