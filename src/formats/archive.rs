//! The guard before every ZIP archive (KMZ, XLSX): what goes beyond a bound, lies about itself or was made to do harm is refused
//! before a reader of contents sees it.
//!
//! Bytes are counted as they are inflated, never as the archive declares them. Nothing is ever written under an entry's name,
//! and an archive inside the archive is not opened.

use super::{Refused, Source};
use std::io::{self, Read, SeekFrom};
use zip::{ZipArchive, read::ZipFile};

/// Most files in one archive.
pub const ENTRIES_MAX: u16 = 1_000;
/// Most bytes that all files of one archive may inflate to.
pub const INFLATED_MAX_BYTES: u64 = 512 * 1024 * 1024;
/// So much may be inflated from any archive, however small it is.
const INFLATED_FREE_BYTES: u64 = 16 * 1024 * 1024;
/// Beyond that, so many bytes from one byte of the archive. Text is packed ten to one, a bomb a thousand to one.
const INFLATED_RATIO_MAX: u64 = 100;
/// Largest directory at the end of an archive.
const DIRECTORY_MAX_BYTES: u64 = 1024 * 1024;
/// The record that ends an archive, without its comment.
const END_BYTES: usize = 22;
const END_SIGNATURE: &[u8] = b"PK\x05\x06";

/// An archive that passed the guard; its files are read one at a time.
pub struct Archive<'s> {
    zip: ZipArchive<&'s mut dyn Source>,
    /// How much may still be inflated.
    left_bytes: u64,
}

impl<'s> Archive<'s> {
    /// Looks at the directory alone; nothing is inflated yet.
    ///
    /// # Errors
    /// What the archive was refused for.
    pub fn open(source: &'s mut dyn Source) -> Result<Self, Refused> {
        let length = check_end(source)?;
        let mut zip = ZipArchive::new(source).map_err(|_| broken())?;
        if zip.has_duplicate_names() {
            return Err(Refused::Unreadable("holds two files of one name; pack it again".into()));
        }
        for i in 0..zip.len() {
            check_entry(&zip, i)?;
        }
        if zip.has_overlapping_entries().map_err(|_| broken())? {
            return Err(Refused::Unreadable(
                "holds files that lie on top of each other, as in an archive made to do harm; pack it again".into(),
            ));
        }
        let allowed = length.saturating_mul(INFLATED_RATIO_MAX).saturating_add(INFLATED_FREE_BYTES);
        Ok(Self { zip, left_bytes: allowed.min(INFLATED_MAX_BYTES) })
    }

    /// The names of its files in the order of the directory.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.zip.file_names().filter_map(|name| name.ok().map(std::borrow::Cow::into_owned))
    }

    /// Reads one file. What is wrong with it comes as an [`io::Error`] that [`Refused`] is made from.
    ///
    /// # Errors
    /// There is no such file, or its beginning cannot be read.
    pub fn read(&mut self, name: &str) -> Result<Inflated<'_, 's>, Refused> {
        let file = self.zip.by_name(name).map_err(|_| broken())?;
        let declared_bytes = file.size();
        Ok(Inflated { file, declared_bytes, read_bytes: 0, left_bytes: &mut self.left_bytes })
    }

    /// Inflates every file once and throws it away: for a library that inflates on its own and counts nothing.
    ///
    /// # Errors
    /// What the archive was refused for.
    pub fn check(mut self) -> Result<(), Refused> {
        let names: Vec<String> = self.names().collect();
        for name in names {
            io::copy(&mut self.read(&name)?, &mut io::sink())?;
        }
        Ok(())
    }
}

/// One file of an archive as it is inflated.
pub struct Inflated<'a, 's> {
    file: ZipFile<'a, &'s mut dyn Source>,
    declared_bytes: u64,
    read_bytes: u64,
    left_bytes: &'a mut u64,
}

impl Read for Inflated<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer).map_err(|_| io::Error::other(broken()))?;
        let bytes = n as u64;
        self.read_bytes = self.read_bytes.saturating_add(bytes);
        let ended = n == 0 && !buffer.is_empty();
        if self.read_bytes > self.declared_bytes || (ended && self.read_bytes != self.declared_bytes) {
            return Err(io::Error::other(Refused::Unreadable(
                "holds a file of another size than the archive says; pack it again".into(),
            )));
        }
        *self.left_bytes = self.left_bytes.checked_sub(bytes).ok_or_else(|| io::Error::other(too_much()))?;
        Ok(n)
    }
}

fn broken() -> Refused {
    Refused::Unreadable("is a broken archive; save or send it again".into())
}

fn too_much() -> Refused {
    let mib = INFLATED_MAX_BYTES >> 20;
    Refused::TooLarge(format!(
        "unpacks to more than {mib} MiB or to more than {INFLATED_RATIO_MAX} times its own size; split the file, or save it unpacked"
    ))
}

/// Checks the record at the end, before the directory is believed and held in memory. Returns the archive's length.
///
/// There must be one such record and no other: readers that disagree on which one counts would see different files.
fn check_end(source: &mut dyn Source) -> Result<u64, Refused> {
    let length = source.seek(SeekFrom::End(0))?;
    if length > super::FILE_MAX_BYTES {
        return Err(Refused::TooLarge(format!("is larger than {} MiB; split it", super::FILE_MAX_BYTES >> 20)));
    }
    let start = length.saturating_sub(END_BYTES as u64 + u64::from(u16::MAX));
    source.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    source.take(length - start).read_to_end(&mut tail)?;
    let mut found = tail.windows(END_SIGNATURE.len()).enumerate().filter(|(_, window)| *window == END_SIGNATURE);
    let (Some((at, _)), None) = (found.next(), found.next()) else { return Err(broken()) };
    let end = tail.get(at..at + END_BYTES).ok_or_else(broken)?;
    let short = |i: usize| u16::from_le_bytes([end[i], end[i + 1]]);
    let long = |i: usize| u64::from(u32::from_le_bytes([end[i], end[i + 1], end[i + 2], end[i + 3]]));
    let (entries, directory_at, comment) = (short(10), long(16), usize::from(short(20)));
    if entries > ENTRIES_MAX {
        return Err(Refused::TooLarge(format!("holds more than {ENTRIES_MAX} files; pack only what is needed")));
    }
    let directory = (start + at as u64).checked_sub(directory_at).ok_or_else(broken)?;
    if directory > DIRECTORY_MAX_BYTES {
        return Err(Refused::TooLarge("has a directory of more than 1 MiB; pack only what is needed".into()));
    }
    let whole = short(4) == 0 && short(6) == 0 && short(8) == entries && entries > 0;
    if !whole || long(12) > directory || at + END_BYTES + comment != tail.len() {
        return Err(broken());
    }
    source.rewind()?;
    Ok(length)
}

fn check_entry(zip: &ZipArchive<&mut dyn Source>, i: usize) -> Result<(), Refused> {
    let entry = zip.by_index_data(i).map_err(|_| broken())?;
    if entry.encrypted() {
        return Err(Refused::Unreadable("is protected by a password; save it without one".into()));
    }
    let name = entry.name().map_err(|_| broken())?;
    if entry.is_symlink() || !is_plain(&name) {
        let shown: String = name.chars().take(80).collect();
        return Err(Refused::Unreadable(format!(
            "holds {shown:?}, which points out of the archive; pack it again with plain files"
        )));
    }
    Ok(())
}

/// Whether a name stays inside the archive on every system.
fn is_plain(name: &str) -> bool {
    let mut parts = name.split(['/', '\\']);
    !name.starts_with(['/', '\\']) && !name.contains([':', '\0']) && parts.all(|part| part != "..")
}
