//! Reads bytes as a designer's upload would be, and counts what is taken of them.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use studyroute::domain::route::StudyRoute;
use studyroute::formats::{self, Entry, Format, Item, Options, Position, Refused, Understood, geojson};

pub type Reading = Result<(Understood, Vec<Item>), Refused>;

pub fn read(bytes: &[u8]) -> Reading {
    let mut items = Vec::new();
    let mut sink = |item| {
        items.push(item);
        ControlFlow::Continue(())
    };
    formats::read(&mut Cursor::new(bytes), &Options::default(), &mut sink).map(|understood| (understood, items))
}

pub fn entries(items: &[Item]) -> Vec<&Entry> {
    items.iter().filter_map(|item| if let Item::Entry(entry) = item { Some(entry) } else { None }).collect()
}

pub fn lines(items: &[Item]) -> Vec<&[Position]> {
    items
        .iter()
        .filter_map(|item| if let Item::Line { positions, .. } = item { Some(&positions[..]) } else { None })
        .collect()
}

pub fn skipped(items: &[Item]) -> Vec<&str> {
    items
        .iter()
        .filter_map(|item| if let Item::Skipped { reason, .. } = item { Some(&reason[..]) } else { None })
        .collect()
}

pub fn routes() -> Vec<StudyRoute> {
    ["confucius-mencius", "peoples-canal"]
        .map(|slug| {
            let bytes = std::fs::read(format!("routes-data/{slug}/route.geojson")).expect("the route file is there");
            geojson::read(&bytes).expect("a good route")
        })
        .into()
}

pub fn written(format: Format, route: &StudyRoute) -> (Vec<u8>, Vec<String>) {
    let mut bytes = Vec::new();
    let lost = formats::write(format, route, &mut bytes).expect("memory takes it");
    (bytes, lost)
}

/// A source that knows how many bytes were taken from it, and that never ends when asked to.
pub struct Counted<'b> {
    head: &'b [u8],
    repeated: &'b [u8],
    at: u64,
    length: u64,
    pub taken: u64,
}

impl<'b> Counted<'b> {
    /// `head`, then `repeated` again and again up to `length` bytes.
    pub fn new(head: &'b [u8], repeated: &'b [u8], length: u64) -> Self {
        Self { head, repeated, at: 0, length, taken: 0 }
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(self.at)).expect("small");
        let n = buffer.len().min(left);
        for (i, place) in buffer[..n].iter_mut().enumerate() {
            let at = usize::try_from(self.at).expect("small") + i;
            *place = match self.head.get(at) {
                Some(byte) => *byte,
                None => self.repeated[(at - self.head.len()) % self.repeated.len()],
            };
        }
        self.at += n as u64;
        self.taken += n as u64;
        Ok(n)
    }
}

impl Seek for Counted<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::Current(by) => self.at.saturating_add_signed(by),
            SeekFrom::End(by) => self.length.saturating_add_signed(by),
        };
        Ok(self.at)
    }
}
