//! Starting the program, and hearing from its log where it listens.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Starts a server and returns when it has said `said`: the process, and its address. What it says afterwards goes to `told`, because the
/// log must be read, else the program would wait for its reader one day.
pub fn started(command: &mut Command, said: &str, told: impl Fn(String) + Send + 'static) -> (Child, String) {
    let mut child = command.stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut log = BufReader::new(child.stderr.take().expect("a log")).lines().map_while(Result::ok);
    let mut address = String::new();
    for line in log.by_ref() {
        let line: Value = serde_json::from_str(&line).expect("the log is JSON");
        if line["message"] == "listening" {
            address = line["address"].as_str().expect("an address").into();
        }
        if line["message"] == said {
            break;
        }
    }
    std::thread::spawn(move || log.for_each(told));
    (child, address)
}
