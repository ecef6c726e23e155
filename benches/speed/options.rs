//! What can be chosen, and what every part needs to know.

use crate::machine;
use std::cell::Cell;
use std::path::PathBuf;
use std::time::Instant;

const HELP: &str = "\
cargo bench --locked --bench speed -- [OPTION…]
  --quick          small data, few rows, compared with benches/baseline.json
  --record         with --quick: write that file anew
  --only A,B       only these parts
  --binary FILE    the program to measure [what cargo has built beside]
  --other FILE     a second build of it, measured beside the first for every row of nearby
  --folder FOLDER  where the data goes [target/bench]
  --write          write BENCHMARKS.md also when not everything was measured
  --minutes N      end before so many minutes [28]
  --most N         no data set larger than so many waypoints";

pub struct Options {
    pub quick: bool,
    pub record: bool,
    pub binary: PathBuf,
    pub other: Option<PathBuf>,
    pub most: usize,
    /// As it was typed.
    pub command: String,
    write: bool,
    only: Vec<String>,
    folder: PathBuf,
    minutes: f64,
}

impl Options {
    /// Reads them, or says what there is.
    pub fn read(args: &[String]) -> Result<Self, String> {
        let mut options = Self {
            quick: false,
            record: false,
            binary: env!("CARGO_BIN_EXE_studyroute").into(),
            other: None,
            most: usize::MAX,
            command: "make bench".into(),
            write: false,
            only: Vec::new(),
            folder: "target/bench".into(),
            minutes: 28.0,
        };
        let typed: Vec<&str> = args.iter().map(String::as_str).filter(|arg| *arg != "--bench").collect();
        if !typed.is_empty() {
            options.command = format!("cargo bench --locked --bench speed -- {}", typed.join(" "));
        }
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or(HELP.to_string());
            match arg.as_str() {
                // What cargo says to every bench.
                "--bench" => {}
                "--quick" => options.quick = true,
                "--write" => options.write = true,
                "--record" => options.record = true,
                "--binary" => options.binary = value()?.into(),
                "--other" => options.other = Some(value()?.into()),
                "--folder" => options.folder = value()?.into(),
                "--only" => options.only = value()?.split(',').map(String::from).collect(),
                "--minutes" => options.minutes = value()?.parse().map_err(|_| HELP)?,
                "--most" => options.most = value()?.parse().map_err(|_| HELP)?,
                _ => return Err(HELP.into()),
            }
        }
        Ok(options)
    }

    /// Whether the table is written down: when it is whole, or when that was asked for.
    pub fn writes(&self) -> bool {
        let is_whole = !self.quick && self.only.is_empty() && self.other.is_none() && self.most == usize::MAX;
        is_whole || self.write
    }

    /// Whether a part was asked for.
    pub fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }
}

/// One run.
pub struct Bench {
    pub options: Options,
    /// All data of the run; it is gone when the run ends.
    pub folder: PathBuf,
    started: Instant,
    files: Cell<usize>,
    _folder: tempfile::TempDir,
}

impl Bench {
    pub fn new(options: Options) -> Self {
        std::fs::create_dir_all(&options.folder).expect("a folder for the data");
        let held = tempfile::tempdir_in(&options.folder).expect("a folder for the data");
        let folder = held.path().canonicalize().expect("a folder");
        assert!(options.binary.is_file(), "{} is not there", options.binary.display());
        // Idle connections need descriptors on this side too.
        let _ = rlimit::increase_nofile_limit(u64::MAX);
        machine::check_cores();
        Self { options, folder, started: Instant::now(), files: Cell::new(0), _folder: held }
    }

    /// How long the run has taken.
    pub fn minutes(&self) -> f64 {
        self.started.elapsed().as_secs_f64() / 60.0
    }

    /// Whether a part that takes so long can still be run.
    pub fn has_minutes(&self, minutes: f64) -> bool {
        self.minutes() + minutes < self.options.minutes
    }

    /// A file of this name that is not there yet.
    pub fn fresh(&self, name: &str) -> PathBuf {
        let number = self.files.get();
        self.files.set(number + 1);
        self.folder.join(format!("{number}-{name}"))
    }

    /// How many pairs a row has: an odd number, so that there is a middle one.
    pub fn pairs(&self) -> usize {
        if self.options.quick { 3 } else { 5 }
    }

    /// Says in the output what is going on.
    pub fn note(&self, words: &str) {
        eprintln!("{:5.1} min:   {words}", self.minutes());
    }
}
