//! Hostile credentials.

use super::bodies::check_in;
use super::rig::{Case, Rig, Want, get, post};

const MISSING: Want = Want::Problem(401, "token-missing");
const INVALID: Want = Want::Problem(401, "token-invalid");

pub fn credentials(rig: &Rig) -> Vec<Case> {
    let token = &rig.token;
    let (upper, key) = (token.to_uppercase(), token.replace("srp_", "srk_"));
    let flipped = if token.ends_with('0') {
        format!("{}1", &token[..token.len() - 1])
    } else {
        format!("{}0", &token[..token.len() - 1])
    };
    let (short, long, half) = (&token[..token.len() - 1], "a".repeat(10_000), &token[..54]);
    let digits = token.replace('0', "０");
    let table: Vec<(&str, String, Want)> = vec![
        ("the token", format!("Bearer {token}"), Want::Done(200)),
        ("the scheme in another case", format!("bEARER {token}"), Want::Done(200)),
        ("spaces around it", format!("Bearer   {token}  "), Want::Done(200)),
        ("no scheme", token.clone(), INVALID),
        ("an empty token", "Bearer ".into(), INVALID),
        ("spaces", "Bearer      ".into(), INVALID),
        ("two tokens in one", format!("Bearer {token} {token}"), INVALID),
        ("two tokens with a comma", format!("Bearer {token}, Bearer {token}"), INVALID),
        ("Basic", "Basic YWRtaW46YWRtaW4=".into(), INVALID),
        ("Digest", "Digest username=\"admin\"".into(), INVALID),
        ("10 KB", format!("Bearer {long}"), INVALID),
        ("upper case", format!("Bearer {upper}"), INVALID),
        ("a key's prefix", format!("Bearer {key}"), INVALID),
        ("another last digit", format!("Bearer {flipped}"), INVALID),
        ("a digit too few", format!("Bearer {short}"), INVALID),
        ("a digit too many", format!("Bearer {token}0"), INVALID),
        ("half of it", format!("Bearer {half}"), INVALID),
        ("full-width digits", format!("Bearer {digits}x"), INVALID),
        ("SQL", "Bearer ' OR '1'='1".into(), INVALID),
        ("a JSON Web Token without a signature", "Bearer eyJhbGciOiJub25lIn0.eyJyb2xlIjoiYWRtaW4ifQ.".into(), INVALID),
        ("bytes", "Bearer \u{ff}\u{fe}".into(), INVALID),
        ("a quoted token", format!("Bearer \"{token}\""), INVALID),
    ];
    let mut cases: Vec<Case> = table
        .into_iter()
        .map(|(name, value, want)| Case::new(name, get("/v1/me", &format!("Authorization: {value}\r\n")), want))
        .collect();
    let auth = rig.auth();
    let elsewhere = [
        ("no token", get("/v1/me", ""), MISSING),
        ("a token in a cookie", get("/v1/me", &format!("Cookie: token={token}\r\n")), MISSING),
        ("a token in the query", get(&format!("/v1/me?access_token={token}"), ""), MISSING),
        ("a token in another header", get("/v1/me", &format!("X-Authorization: Bearer {token}\r\n")), MISSING),
        ("two headers", get("/v1/me", &format!("{auth}{auth}")), INVALID),
        ("an honest and an empty header", get("/v1/me", &format!("{auth}Authorization:\r\n")), INVALID),
        ("somebody else named in a header", get("/v1/me", &format!("{auth}X-User: admin\r\n")), Want::Done(200)),
        ("counts with a participant's token", get("/v1/counts", &auth), Want::Done(200)),
        ("counts with a made-up key", get("/v1/counts", "Authorization: Bearer srk_0\r\n"), INVALID),
        ("counts with two headers", get("/v1/counts", &format!("{auth}{auth}")), INVALID),
        ("counts without", get("/v1/counts", ""), Want::Done(200)),
    ];
    cases.extend(elsewhere.map(|(name, request, want)| Case::new(name, request, want)));
    cases.extend(of_designers(rig));
    cases.push(Case::new("a check-in without a token", post("/v1/check-ins", "", check_in("nobody", &[])), MISSING));
    // Who has no token learns nothing about what is wrong with the body.
    cases.push(Case::new("nonsense without a token", post("/v1/check-ins", "", "nonsense"), MISSING));
    cases
}

/// What only a key opens: whatever else comes along, who has none learns nothing.
fn of_designers(rig: &Rig) -> Vec<Case> {
    let auth = rig.auth();
    let made_up = format!("Authorization: Bearer {}\r\n", rig.token.replace("srp_", "srk_"));
    let mut cases = Vec::new();
    for target in ["/v1/design/keys", "/v1/design/audit", "/v1/design/audit.csv", "/v1/design/keys?limit=x&x=1"] {
        for (name, headers, want) in [
            ("no key", String::new(), MISSING),
            ("a participant's token", auth.clone(), INVALID),
            ("a made-up key", made_up.clone(), INVALID),
            ("a key twice", made_up.repeat(2), INVALID),
            ("a role in a header", format!("{auth}X-Role: admin\r\n"), INVALID),
        ] {
            cases.push(Case::new(format!("{target} with {name}"), get(target, &headers), want));
        }
    }
    let key = "{\"name\":\"x\",\"role\":\"admin\"}".to_string();
    for body in [key, "nonsense".into(), "[".repeat(60_000), String::new()] {
        let name: String = body.chars().take(20).collect();
        for (headers, want) in [("", MISSING), (&*auth, INVALID), (&*made_up, INVALID)] {
            cases.push(Case::new(format!("a key from {name}"), post("/v1/design/keys", headers, &body), want.clone()));
        }
    }
    for id in ["x/rotate", "%FF/rotate", "..%2f..%2f/rotate", "00000000-0000-4000-8000-000000000000/rotate"] {
        let target = format!("/v1/design/keys/{id}");
        cases.push(Case::new(format!("{id} without a key"), post(&target, "", "{}"), MISSING));
    }
    cases
}
