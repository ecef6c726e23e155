//! A disk that can lose power, be full or fail: `powerloss.c` between the program and one folder.

use crate::process::{PATIENCE, Setup};
use crate::skip;
use fastrand::Rng;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

const SOURCE: &str = include_str!("powerloss.c");
/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// A folder whose durable content is known.
pub struct Disk {
    /// Removed with the disk.
    _home: tempfile::TempDir,
    data: PathBuf,
    state: PathBuf,
    library: PathBuf,
}

impl Disk {
    /// None, with a line on stderr, where there is no C compiler.
    pub fn new() -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().canonicalize().unwrap();
        let [data, state, library] = ["data", "state", "shim.so"].map(|name| root.join(name));
        let source = root.join("powerloss.c");
        fs::write(&source, SOURCE).unwrap();
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).args([&library, &source]).arg("-ldl").arg("-lpthread");
        match compiler.output() {
            Err(error) => {
                skip(&format!("a C compiler is needed for the failing disk: cc: {error}"));
                return None;
            }
            Ok(output) => assert!(output.status.success(), "cc: {}", String::from_utf8_lossy(&output.stderr)),
        }
        fs::create_dir(&data).unwrap();
        let disk = Self { _home: home, data, state, library };
        disk.all_is_durable();
        Some(disk)
    }

    /// A server on this disk; chores do not go through the shim and need [`Disk::all_is_durable`] after them.
    pub fn setup(&self) -> Setup {
        Setup::sqlite(&self.data)
            .env("LD_PRELOAD", &self.library)
            .env("STUDYROUTE_TEST_SHIM_DATA", &self.data)
            .env("STUDYROUTE_TEST_SHIM_STATE", &self.state)
    }

    /// Waits until the log is being folded into the database's file, and holds it there, half done, for good.
    pub fn hang_in_checkpoint(&self) {
        self.switch("hang", true);
        let (since, hanging) = (Instant::now(), self.state.join("hanging"));
        while !hanging.exists() {
            assert!(since.elapsed() < PATIENCE, "the log is never folded into the file");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Turns `pretend`, `eio` or `full` on or off, also under a running server.
    pub fn switch(&self, name: &str, on: bool) {
        let file = self.state.join(name);
        if on { fs::write(file, "").unwrap() } else { fs::remove_file(file).unwrap() }
    }

    /// How often the program has synced the write-ahead log, and how often the database's file, since all was durable.
    pub fn syncs(&self) -> [usize; 2] {
        let syncs = fs::read(self.state.join("syncs")).unwrap_or_default();
        [b'l', b'b'].map(|last| syncs.split(|letter| *letter == last).count() - 1)
    }

    /// What lies in the folder is on the platter. For when no server runs.
    pub fn all_is_durable(&self) {
        // It is not there the first time.
        drop(fs::remove_dir_all(&self.state));
        fs::create_dir(&self.state).unwrap();
        let mut names = Vec::new();
        for entry in
            fs::read_dir(&self.data).unwrap().map(Result::unwrap).filter(|entry| !is_left_out(&entry.file_name()))
        {
            let ino = entry.metadata().unwrap().ino();
            fs::copy(entry.path(), self.state.join(format!("ino.{ino}"))).unwrap();
            names.push(format!("{ino} {}", entry.file_name().to_str().unwrap()));
        }
        fs::write(self.state.join("names"), names.join("\n")).unwrap();
    }

    /// The power goes and comes back: the folder holds what was synced and, if `torn`, any sectors of what was not. For when
    /// the server has been killed.
    pub fn lose_power(&self, torn: Option<&mut Rng>) {
        let mut platter = self.platter();
        if let Some(rng) = torn {
            for (name, content) in &mut platter {
                self.tear(name, content, rng);
            }
        }
        fs::remove_dir_all(&self.data).unwrap();
        fs::create_dir(&self.data).unwrap();
        for (name, (_, content)) in platter {
            fs::write(self.data.join(name), content).unwrap();
        }
        self.all_is_durable();
    }

    /// Durable names with their inode and durable content. A file whose name alone is durable is empty.
    fn platter(&self) -> BTreeMap<String, (u64, Vec<u8>)> {
        let names = fs::read_to_string(self.state.join("names")).unwrap();
        let files = names.lines().map(|line| line.split_once(' ').unwrap());
        let files = files.filter(|(_, name)| !name.ends_with("-shm") && !is_left_out(OsStr::new(name)));
        files
            .map(|(ino, name)| {
                let content = fs::read(self.state.join(format!("ino.{ino}"))).unwrap_or_default();
                (name.to_string(), (ino.parse().unwrap(), content))
            })
            .collect()
    }

    /// The kernel may have written anything before the power went: each sector is the synced one or the newest one.
    fn tear(&self, name: &str, (ino, content): &mut (u64, Vec<u8>), rng: &mut Rng) {
        let live = self.data.join(name);
        if fs::metadata(&live).map_or(0, |file| file.ino()) != *ino {
            return;
        }
        let newest = fs::read(live).unwrap();
        if newest.len() > content.len() && rng.bool() {
            content.resize(newest.len(), 0);
        }
        for (old, new) in content.chunks_mut(SECTOR).zip(newest.chunks(SECTOR)) {
            if old.len() == new.len() && rng.bool() {
                old.copy_from_slice(new);
            }
        }
    }
}

/// The folder of exhibits' files: nothing is put there in these tests.
fn is_left_out(name: &OsStr) -> bool {
    name.to_string_lossy().ends_with(".assets")
}
