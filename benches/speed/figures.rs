//! Steps as processes of their own, what they say of themselves, and what the system says of them.

use std::collections::BTreeMap;
use std::time::Instant;

/// What makes this program a step of itself.
pub const STEP: &str = "--step";
/// What a step writes before its figures.
const MARK: &str = "figures ";
/// Clock ticks of `/proc/self/stat`, per second.
const TICKS_PER_S: f64 = 100.0;

/// Named figures of one measurement.
pub type Figures = BTreeMap<String, f64>;

/// The median of several measurements, and their spread.
#[derive(Clone, Copy)]
pub struct Spread {
    pub least: f64,
    pub median: f64,
    pub largest: f64,
}

impl Spread {
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { least: values[0], median: values[values.len() / 2], largest: values[values.len() - 1] }
    }
}

/// Reads the figures in what a step printed, line by line.
pub fn read(said: &str) -> Vec<Figures> {
    let lines = said.lines().filter_map(|line| line.strip_prefix(MARK));
    lines.map(|line| line.split(' ').map(figure).collect()).collect()
}

fn figure(text: &str) -> (String, f64) {
    let (name, value) = text.split_once('=').expect("name=value");
    (name.into(), value.parse().expect("a number"))
}

/// Says the figures of one measurement.
pub fn say(figures: &[(&str, f64)]) {
    let figures: Vec<String> = figures.iter().map(|(name, value)| format!("{name}={value}")).collect();
    println!("{MARK}{}", figures.join(" "));
}

/// Measures from now on.
pub struct Meter {
    started: Instant,
    cpu_s: f64,
    resident_mb: f64,
}

impl Meter {
    pub fn start() -> Self {
        // The peak counts from here on.
        std::fs::write("/proc/self/clear_refs", "5").expect("Linux");
        Self { started: Instant::now(), cpu_s: cpu_s(), resident_mb: status_mb("VmRSS:") }
    }

    /// Says what it took so far, and these.
    pub fn say(&self, more: &[(&str, f64)]) {
        let mut figures = vec![
            ("wall_s", self.started.elapsed().as_secs_f64()),
            ("cpu_s", cpu_s() - self.cpu_s),
            ("grown_mb", self.grown_mb()),
        ];
        figures.extend_from_slice(more);
        say(&figures);
    }

    /// How far memory stood above what it was, at its peak.
    pub fn grown_mb(&self) -> f64 {
        status_mb("VmHWM:") - self.resident_mb
    }
}

/// User and system time of this process.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    // The name before may hold anything, also spaces.
    let (_, after) = stat.rsplit_once(')').expect("a name");
    let ticks = after.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("a number"));
    ticks.sum::<f64>() / TICKS_PER_S
}

fn status_mb(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") * 1_024.0 / 1e6
}
