//! How much room the disks have on which this process keeps something itself: the file of SQLite, the folder of exhibits' files (or, of a
//! bucket, the folder in which they are put together). Of PostgreSQL's disk nothing is known here.

use super::{Blobs, Store};
use std::path::Path;

/// Room on a disk, as `df` counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// What this process may still write, bytes.
    pub free: u64,
    /// That and what is taken, bytes.
    pub size: u64,
}

impl Disk {
    /// The disk on which a file or folder lies.
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        let disk = rustix::fs::statvfs(path).ok()?;
        // Some is kept for root, and neither free nor taken.
        let taken = disk.f_blocks.saturating_sub(disk.f_bfree);
        let (free, size) = (disk.f_bavail, taken.saturating_add(disk.f_bavail));
        Some(Self { free: free.saturating_mul(disk.f_frsize), size: size.saturating_mul(disk.f_frsize) })
    }

    #[cfg(not(unix))]
    fn of(_: &Path) -> Option<Self> {
        None
    }
}

impl Store {
    /// Where the database is, when it is a file.
    #[must_use]
    pub fn disk(&self) -> Option<Disk> {
        let Self::Sqlite(pools) = self else { return None };
        Disk::of(pools.write.pool().connect_options().get_filename())
    }
}

impl Blobs {
    /// Where exhibits' files are put together.
    #[must_use]
    pub fn disk(&self) -> Option<Disk> {
        Disk::of(self.spool())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hundredths that are taken, as `df` rounds them.
    fn percent(disk: Disk) -> u64 {
        ((disk.size - disk.free) * 100).div_ceil(disk.size)
    }

    #[test]
    fn room_is_what_df_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let disk = Disk::of(folder.path()).expect("a disk");
        let df = std::process::Command::new("df").arg("--output=pcent").arg(folder.path()).output().expect("df runs");
        let said = String::from_utf8(df.stdout).expect("UTF-8");
        let said: u64 = said.lines().nth(1).expect("a line").trim().trim_end_matches('%').parse().expect("a number");
        // Others write meanwhile.
        assert!(percent(disk).abs_diff(said) <= 1, "{disk:?}, df says {said} %");
        assert_eq!(Disk::of(&folder.path().join("missing")), None);
    }
}
