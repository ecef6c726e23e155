//! The machine: its cores, what the system says of a process, and what the table's head says of all this.

use rustix::thread::{CpuSet, sched_setaffinity};
use std::fs;
use std::process::Command;
use std::time::Duration;

/// Where the program under test and everything that stands beside it runs.
pub const SERVER_CORE: usize = 0;
/// Where whatever asks runs.
pub const LOAD_CORE: usize = 1;

/// Keeps this thread, and those it starts, on one core.
pub fn pin(core: usize) {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).expect("a core of its own");
}

/// Takes precedence over other work on the machine, where that is allowed; what is started from here inherits it, so both sides of
/// every ratio have it. The kernel divides its time among sessions first, so the session gets it too, until this is dropped.
pub struct Precedence;

impl Precedence {
    pub fn take() -> Self {
        drop(Command::new("renice").args(["-n", "-15", "-p", &std::process::id().to_string()]).output());
        drop(fs::write("/proc/self/autogroup", "-15"));
        Self
    }
}

impl Drop for Precedence {
    fn drop(&mut self) {
        drop(fs::write("/proc/self/autogroup", "0"));
    }
}

/// One core for what is measured and one for what asks: with less the ratios are worth nothing.
pub fn check_cores() {
    let cores = fs::read_to_string("/proc/cpuinfo").unwrap_or_default().matches("processor\t").count();
    assert!(cores > LOAD_CORE, "two cores are needed: one for what is measured, one for what asks");
}

/// Starts a program on some cores, such as "0" or "0,1".
pub fn on_cores(cores: &str, program: &std::path::Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", cores]).arg(program);
    command
}

/// CPU time that the threads of some processes have used, by the scheduler's own clock.
pub fn cpu(pids: &[u32]) -> Duration {
    let tasks = pids.iter().filter_map(|pid| fs::read_dir(format!("/proc/{pid}/task")).ok()).flatten().flatten();
    let spent = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(spent.sum())
}

/// A process and all that it started.
pub fn family(pid: u32) -> Vec<u32> {
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        next += 1;
        let Ok(tasks) = fs::read_dir(format!("/proc/{parent}/task")) else { continue };
        for task in tasks.flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            found.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
    }
    found
}

/// Resident memory of a process, bytes, as the maps sum it up.
pub fn resident_bytes(pid: u32) -> f64 {
    figure(&format!("/proc/{pid}/smaps_rollup"), "Rss:")
}

/// The highest resident memory since [`forget_peak`], bytes.
pub fn peak_bytes(pid: u32) -> f64 {
    figure(&format!("/proc/{pid}/status"), "VmHWM:")
}

/// Counts the highest resident memory from here on.
pub fn forget_peak(pid: u32) {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").expect("Linux");
}

/// A line such as `Rss:  1234 kB` of one of the system's files, in bytes.
fn figure(file: &str, name: &str) -> f64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<f64>().ok());
    number.map_or(f64::NAN, |kilobytes| kilobytes * 1_024.0)
}

/// What a command prints, without the end of its line; empty where it cannot be run.
pub fn says(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_string()).unwrap_or_default()
}

/// Whether the machine counts instructions for `perf stat`.
pub fn counts_instructions() -> bool {
    let output = Command::new("perf").args(["stat", "-x,", "-e", "instructions:u", "true"]).output();
    output.is_ok_and(|output| {
        let said = String::from_utf8_lossy(&output.stderr).to_string();
        output.status.success() && said.starts_with(|first: char| first.is_ascii_digit())
    })
}

/// One line about the machine.
pub fn description() -> String {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let after = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim_start_matches(['\t', ' ', ':']).trim().to_string()
    };
    let cpu_info = read("/proc/cpuinfo");
    let cores = cpu_info.matches("processor\t").count();
    let memory = after(&read("/proc/meminfo"), "MemTotal").trim_end_matches(" kB").parse::<f64>().unwrap_or(f64::NAN);
    let model = after(&cpu_info, "model name");
    format!("{cores} cores of {model}, {:.0} GB, Linux {}", memory * 1_024.0 / 1e9, says("uname", &["-r"]))
}
