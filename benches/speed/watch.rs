//! Sees to it that a run ends: a part that takes far longer than it may has its processes taken away, fails, and the next one begins.

use crate::machine;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A part may take so many times what it usually takes.
const PATIENCE: f64 = 2.5;

/// Looks at the clock in a thread of its own.
pub struct Watch(Arc<Mutex<Option<Instant>>>);

impl Watch {
    pub fn start() -> Self {
        let deadline = Arc::new(Mutex::new(None::<Instant>));
        let watched = Arc::clone(&deadline);
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_secs(1));
                let mut deadline = watched.lock().expect("a deadline");
                if deadline.is_some_and(|deadline| Instant::now() > deadline) {
                    *deadline = None;
                    end_children();
                }
            }
        });
        Self(deadline)
    }

    /// From now on so many minutes are what a part usually takes.
    pub fn expect(&self, minutes: f64) {
        let until = Instant::now() + Duration::from_secs_f64(minutes * PATIENCE * 60.0);
        *self.0.lock().expect("a deadline") = Some(until);
    }
}

fn end_children() {
    let own = std::process::id();
    for pid in machine::family(own).into_iter().filter(|pid| *pid != own) {
        drop(Command::new("kill").args(["-KILL", &pid.to_string()]).status());
    }
}
