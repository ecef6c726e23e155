//! Archives made to do harm, among harmless ones.

use crate::rig::{entries, read};
use std::io::{Cursor, Read, Write};
use studyroute::formats::archive::Archive;
use zip::write::{SimpleFileOptions, ZipWriter};

const KML: &str = "<kml><Placemark><Point><coordinates>116.9,35.5</coordinates></Point></Placemark></kml>";

fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).expect("a name");
        zip.write_all(bytes).expect("memory takes it");
    }
    zip.finish().expect("memory takes it").into_inner()
}

/// Where each header of the directory begins.
fn headers(bytes: &[u8]) -> Vec<usize> {
    (0..bytes.len()).filter(|&at| bytes[at..].starts_with(b"PK\x01\x02")).collect()
}

/// The archive with some bytes of its n-th directory header changed.
fn patched(mut bytes: Vec<u8>, n: usize, at: usize, new: &[u8]) -> Vec<u8> {
    let start = headers(&bytes)[n] + at;
    bytes[start..start + new.len()].copy_from_slice(new);
    bytes
}

/// The archive under other names of the same length.
fn renamed(mut bytes: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    for at in 0..bytes.len() {
        if bytes[at..].starts_with(from.as_bytes()) {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    }
    bytes
}

fn symlink() -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("doc.kml", "/etc/passwd", SimpleFileOptions::default()).expect("a link");
    zip.finish().expect("memory takes it").into_inner()
}

fn bomb() -> Vec<u8> {
    let comment = [b"<!--", &vec![b' '; 1 << 16][..], b"-->"].concat().repeat(40 << 4);
    packed(&[("doc.kml", &[b"<kml>", &comment[..], b"</kml>"].concat())])
}

#[test]
fn archives_made_to_do_harm_are_refused_and_others_are_read() {
    let one = || packed(&[("doc.kml", KML.as_bytes())]);
    let two = || packed(&[("doc.kml", KML.as_bytes()), ("xyz.kml", KML.as_bytes())]);
    let many = |count: usize| {
        let names: Vec<String> = (0..count).map(|i| format!("files/{i}.png")).collect();
        let mut files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
        files.push(("doc.kml", KML.as_bytes()));
        packed(&files)
    };
    let end = |bytes: &[u8]| bytes.len() - 22;
    let with_end = |at: usize, new: &[u8]| {
        let mut bytes = one();
        let start = end(&bytes) + at;
        bytes[start..start + new.len()].copy_from_slice(new);
        bytes
    };
    let size = u32::try_from(KML.len()).expect("small");
    let cases: Vec<(&str, Vec<u8>, Result<usize, &str>)> = vec![
        ("plain", one(), Ok(1)),
        ("another name", packed(&[("Stops.KML", KML.as_bytes())]), Ok(1)),
        ("pictures beside", many(900), Ok(1)),
        ("20,000 files", many(20_000), Err("1000 files")),
        ("a bomb", bomb(), Err("unpacks to more")),
        ("files on top of each other", patched(two(), 1, 42, &[0; 4]), Err("on top of each other")),
        ("declares less than it holds", patched(one(), 0, 24, &(size - 1).to_le_bytes()), Err("broken")),
        ("declares more than it holds", patched(one(), 0, 24, &(size + 1).to_le_bytes()), Err("another size")),
        ("declares gigabytes", patched(one(), 0, 24, &0xffff_fff0_u32.to_le_bytes()), Err("another size")),
        ("wrong checksum", patched(one(), 0, 16, &[1, 2, 3, 4]), Err("broken")),
        ("protected", patched(one(), 0, 8, &[1, 0]), Err("password")),
        ("an unknown way to pack", patched(one(), 0, 10, &[99, 0]), Err("")),
        ("upwards", renamed(two(), "xyz.kml", "../.kml"), Err("points out")),
        ("upwards on Windows", renamed(two(), "xyz.kml", "a\\..\\km"), Err("points out")),
        ("from the root", renamed(two(), "xyz.kml", "/yz.kml"), Err("points out")),
        ("from a drive", renamed(two(), "xyz.kml", "C:z.kml"), Err("points out")),
        ("one name twice", renamed(two(), "xyz.kml", "doc.kml"), Err("two files of one name")),
        ("a link", symlink(), Err("points out")),
        ("an archive alone in it", packed(&[("inner.kmz", &one())]), Err("")),
        (
            "an archive beside",
            packed(&[
                ("inner.zip", &packed(&[("a", &[7; 70_000])])),
                ("doc.kml", KML.as_bytes()),
                ("z", &noise(70_000)),
            ]),
            Ok(1),
        ),
        ("a second end", [one(), one()].concat(), Err("broken")),
        ("more files than there are", with_end(8, &[9, 0, 9, 0]), Err("broken")),
        ("a directory beyond the end", with_end(16, &[0xff; 4]), Err("broken")),
        ("bytes after the end", [&one()[..], b"x"].concat(), Err("broken")),
        ("cut", one()[..60].to_vec(), Err("broken")),
        ("no KML in it", packed(&[("a.txt", b"x")]), Err("without a KML")),
        ("a Word document", packed(&[("word/document.xml", b"x")]), Err("Word")),
        ("laughs in it", packed(&[("doc.kml", b"<!DOCTYPE kml [<!ENTITY a 'a'>]><kml/>")]), Err("document type")),
    ];
    for (name, bytes, expected) in cases {
        let found = read(&bytes).map(|(_, items)| entries(&items).len()).map_err(|refused| refused.to_string());
        match (found, expected) {
            (Ok(found), Ok(places)) => assert_eq!(found, places, "{name}"),
            (Err(message), Err(word)) => assert!(message.contains(word), "{name}: {message}"),
            (found, _) => panic!("{name}: {found:?}"),
        }
    }
}

/// Bytes that do not pack.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(count).collect()
}

#[test]
fn a_bomb_is_put_out_long_before_it_is_unpacked() {
    let bytes = bomb();
    assert!(bytes.len() < 1 << 17, "{}", bytes.len());
    let mut source = Cursor::new(&bytes[..]);
    let mut archive = Archive::open(&mut source).expect("nothing is inflated yet");
    let (mut inflated, mut buffer) = (0, vec![0; 1 << 16]);
    let mut file = archive.read("doc.kml").expect("it begins");
    let stopped = loop {
        match file.read(&mut buffer) {
            Ok(0) => break false,
            Ok(n) => inflated += n,
            Err(_) => break true,
        }
    };
    assert!(stopped && inflated < 30 << 20, "{inflated} bytes");
    let refused = Archive::open(&mut Cursor::new(&bytes[..])).and_then(Archive::check);
    assert!(refused.is_err_and(|refused| refused.to_string().contains("unpacks to more")));
}
