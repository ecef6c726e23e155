//! The encoding of a text file that a spreadsheet program saved, and its text as a stream of UTF-8: UTF-8, UTF-16 with or without
//! its mark, or GB 18030, of which GBK and GB 2312 are parts.
//!
//! A file without a mark is read once to its end before it is decoded, so that the first Chinese character may come late.
//! Refuses to replace what it cannot decode: a name with a hole in it is worse than a file sent back.

use super::decoding::Decoding;
use super::{FILE_MAX_BYTES, Refused, Source};
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};
use std::cell::Cell;
use std::io::{self, Read, SeekFrom};

const CHUNK_BYTES: usize = 64 * 1024;
/// So many characters of UTF-8 do not stand in a file of GBK by chance.
const UTF8_BY_CHANCE_MAX: usize = 16;
const SAVE_AS: &str = "in Excel or WPS choose “Save as” and “CSV UTF-8”, or save it as .xlsx";

/// A file as UTF-8. What is wrong with its bytes comes as an [`io::Error`] that [`Refused`] is made from.
pub struct Decoded<'s> {
    source: &'s mut dyn Source,
    decoding: Decoding,
}

/// Tells a file's encoding and begins to decode it.
///
/// # Errors
/// The file is too large, is no text, or is damaged.
pub fn decode(source: &mut dyn Source) -> Result<Decoded<'_>, Refused> {
    if source.seek(SeekFrom::End(0))? > FILE_MAX_BYTES {
        return Err(Refused::TooLarge(format!("is larger than {} MiB; split it", FILE_MAX_BYTES >> 20)));
    }
    source.rewind()?;
    let encoding = encoding_of(source)?;
    source.rewind()?;
    Ok(Decoded { source, decoding: Decoding::new(encoding, Vec::new()) })
}

impl Decoded<'_> {
    /// The name of the encoding.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        self.decoding.encoding()
    }
}

impl Read for Decoded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.decoding.refill(&mut self.source, damaged)?;
        let n = self.decoding.rest().read(buffer)?;
        self.decoding.take(n);
        Ok(n)
    }
}

fn damaged(encoding: &str, line: u64) -> Refused {
    Refused::Unreadable(format!("is not {encoding} text at line {line}; {SAVE_AS}"))
}

fn binary() -> Refused {
    Refused::Unreadable(format!("is no text; if it is a spreadsheet, {SAVE_AS}"))
}

fn encoding_of(source: &mut dyn Source) -> Result<&'static Encoding, Refused> {
    let mut head = Vec::new();
    (&mut *source).take(CHUNK_BYTES as u64).read_to_end(&mut head)?;
    if let Some((encoding, _)) = Encoding::for_bom(&head) {
        return Ok(encoding);
    }
    if head.starts_with(b"PK\x03\x04") {
        return Err(Refused::Unreadable("is an Excel workbook or another archive; send it as .xlsx".into()));
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err(Refused::Unreadable(format!("is an old Excel workbook (.xls); {SAVE_AS}")));
    }
    // Commas, tabs and line ends have a zero byte in UTF-16, before or after their own.
    let zeros = |parity: usize| head.iter().enumerate().any(|(i, &byte)| byte == 0 && i % 2 == parity);
    match (zeros(0), zeros(1)) {
        (true, true) => Err(binary()),
        (true, false) => Ok(UTF_16BE),
        (false, true) => Ok(UTF_16LE),
        (false, false) => unmarked(source),
    }
}

fn unmarked(source: &mut dyn Source) -> Result<&'static Encoding, Refused> {
    source.rewind()?;
    let Some((line, characters)) = first_fault(source, UTF_8)? else { return Ok(UTF_8) };
    if characters > UTF8_BY_CHANCE_MAX {
        return Err(damaged("UTF-8", line));
    }
    source.rewind()?;
    match first_fault(source, GB18030)? {
        None => Ok(GB18030),
        Some((line, _)) => Err(damaged("UTF-8 or GBK", line)),
    }
}

/// The line of the first byte that is not of the encoding, and how many characters beyond ASCII stand before it.
fn first_fault(source: &mut dyn Source, encoding: &'static Encoding) -> Result<Option<(u64, usize)>, Refused> {
    let mut decoding = Decoding::new(encoding, Vec::new());
    let (mut source, mut characters) = (source, 0);
    loop {
        let fault = Cell::new(None);
        let result = decoding.refill(&mut source, |name, line| {
            fault.set(Some(line));
            damaged(name, line)
        });
        // A byte that begins a character, and not one that goes on.
        characters += decoding.rest().iter().filter(|&&byte| byte >= 0xc0).count();
        if let Some(line) = fault.get() {
            return Ok(Some((line, characters)));
        }
        result?;
        if decoding.rest().contains(&0) {
            return Err(binary());
        }
        if decoding.rest().is_empty() {
            return Ok(None);
        }
        decoding.take(usize::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn text_of(bytes: &[u8]) -> Result<(String, &'static str), Refused> {
        let mut source = Cursor::new(bytes);
        let mut decoded = decode(&mut source)?;
        let (mut text, encoding) = (String::new(), decoded.encoding());
        decoded.read_to_string(&mut text)?;
        Ok((text, encoding))
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn a_file_is_read_in_the_encoding_it_was_saved_in() {
        let text = "名称,纬度\r\n堽城坝遗址,35.891423\r\n";
        let gbk = GB18030.encode(text).0.into_owned();
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), "UTF-8"),
            (format!("\u{feff}{text}").into_bytes(), "UTF-8"),
            (gbk, "gb18030"),
            (utf16(text, false), "UTF-16LE"),
            (utf16(text, true), "UTF-16BE"),
            (utf16(&format!("\u{feff}{text}"), false), "UTF-16LE"),
            (utf16(&format!("\u{feff}{text}"), true), "UTF-16BE"),
        ] {
            assert_eq!(text_of(&bytes), Ok((text.to_string(), encoding)));
        }
        assert_eq!(text_of(b""), Ok((String::new(), "UTF-8")));
    }

    #[test]
    fn the_first_chinese_character_may_come_late() {
        let text = format!("{}孔庙", "name,lat,lon\n".repeat(100_000));
        let (read, encoding) = text_of(&GB18030.encode(&text).0).expect("GBK");
        assert!(read == text && encoding == "gb18030");
        assert_eq!(text_of(text.as_bytes()).expect("UTF-8").1, "UTF-8");
    }

    #[test]
    fn what_is_no_text_is_sent_back_with_the_way_to_save_it() {
        let mut cut = "孔庙孔府孔林颜庙周公庙少昊陵尼山书院".repeat(9).into_bytes();
        cut.insert(9, 0xff);
        let mut late = "孔庙\n".repeat(99).into_bytes();
        late.push(0xe5);
        for (bytes, expected) in [
            (&b"PK\x03\x04rest"[..], ".xlsx"),
            (b"\xd0\xcf\x11\xe0rest", "CSV UTF-8"),
            (b"\x00\x01\x02\x00\x00\xff", "is no text"),
            (&cut, "line 1"),
            (&late, "not UTF-8 text at line 100"),
            (b"\xff\xfea\x00\x00\xd8b\x00", "UTF-16LE text at line 1"),
        ] {
            let refused = text_of(bytes).expect_err("no text").to_string();
            assert!(refused.contains(expected), "{refused}");
        }
        let zero_late = format!("{}\0", "a".repeat(CHUNK_BYTES * 2));
        assert!(text_of(zero_late.as_bytes()).expect_err("binary").to_string().contains("is no text"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok((text, _)) = text_of(&bytes) {
                prop_assert!(text.len() <= bytes.len() * 3);
            }
        }
    }
}
