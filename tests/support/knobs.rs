//! What somebody may turn in a run of the tests that break things, and what such a run says.

use std::io::Write;
use std::str::FromStr;

/// The number in an environment variable.
pub fn number<T: FromStr>(name: &str) -> Option<T> {
    text(name)?.parse().ok()
}

pub fn text(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok()
}

/// The choices of a run: repeated by `STUDYROUTE_TEST_…_SEED`, as far as threads allow, and so printed.
pub fn seed(tests: &str, case: &str) -> fastrand::Rng {
    let given = number(&format!("STUDYROUTE_TEST_{}_SEED", tests.to_uppercase()));
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    say(tests, &format!("{case}: seed {seed}"));
    fastrand::Rng::with_seed(seed)
}

/// A line that libtest does not hide: figures of a run that passed are worth seeing too.
pub fn say(tests: &str, line: &str) {
    std::io::stderr().write_all(format!("{tests}: {line}\n").as_bytes()).unwrap();
}

/// Something is missing on this machine: skipped on a laptop, a failure under CI.
pub fn skip(tests: &str, why: &str) {
    let ci = std::env::var_os("CI").unwrap_or_default();
    assert!(ci.is_empty() || ci == "false", "{why}");
    say(tests, &format!("tests skipped: {why}"));
}
