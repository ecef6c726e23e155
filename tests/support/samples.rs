//! Small files of exhibits, made by hand byte by byte.

#![allow(dead_code, reason = "each test binary uses only part of it")]
#![allow(clippy::cast_possible_truncation, clippy::trivially_copy_pass_by_ref, reason = "all of them are small")]

use serde_json::{Value, json};
use std::io::Write;

/// A glTF binary: one triangle, or as many as asked for, with this texture.
pub fn glb(triangles: usize, texture: &[u8]) -> Vec<u8> {
    glb_with(triangles, texture, |_| {})
}

/// The same with its description edited.
pub fn glb_with(triangles: usize, texture: &[u8], edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    let corners = [[0.0f32, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
    let mut binary: Vec<u8> = corners.iter().flatten().flat_map(|number| number.to_le_bytes()).collect();
    let indices = binary.len();
    for _ in 0..triangles {
        binary.extend([0u16, 1, 2].into_iter().flat_map(u16::to_le_bytes));
    }
    pad(&mut binary, 4, 0);
    let image = binary.len();
    binary.extend_from_slice(texture);
    pad(&mut binary, 4, 0);
    let mut description = json!({
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "materials": [{"name": "bronze"}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]},
            {"bufferView": 1, "componentType": 5123, "count": 3 * triangles, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": 36},
            {"buffer": 0, "byteOffset": indices, "byteLength": 6 * triangles},
        ],
        "buffers": [{"byteLength": binary.len()}],
    });
    if !texture.is_empty() {
        let view = json!({"buffer": 0, "byteOffset": image, "byteLength": texture.len()});
        description["bufferViews"].as_array_mut().expect("views").push(view);
        description["images"] = json!([{"bufferView": 2, "mimeType": "image/png"}]);
        description["textures"] = json!([{"source": 0}]);
    }
    edit(&mut description);
    let mut text = description.to_string().into_bytes();
    pad(&mut text, 4, b' ');
    let mut file = b"glTF\x02\0\0\0".to_vec();
    file.extend((12 + 8 + text.len() as u32 + 8 + binary.len() as u32).to_le_bytes());
    for (kind, body) in [(b"JSON", &text), (b"BIN\0", &binary)] {
        file.extend((body.len() as u32).to_le_bytes());
        file.extend(kind);
        file.extend(body);
    }
    file
}

fn pad(bytes: &mut Vec<u8>, to: usize, with: u8) {
    bytes.resize(bytes.len().next_multiple_of(to), with);
}

/// A grey PNG that can be shown.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let mut lines = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..height.min(64) {
        lines.write_all(&vec![0; width as usize / 8 + 2]).expect("memory");
    }
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let head = [&size[..], &[1, 0, 0, 0, 0]].concat();
    let parts: [(&[u8; 4], Vec<u8>); 3] =
        [(b"IHDR", head), (b"IDAT", lines.finish().expect("memory")), (b"IEND", Vec::new())];
    let chunks = parts.iter().flat_map(|(kind, body)| png_chunk(kind, body));
    b"\x89PNG\r\n\x1a\n".iter().copied().chain(chunks).collect()
}

/// One chunk of a PNG.
pub fn png_chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let named = [&kind[..], body].concat();
    let sum = crc32fast::hash(&named).to_be_bytes();
    [&(body.len() as u32).to_be_bytes()[..], &named, &sum].concat()
}

/// A PNG with a chunk right after its head.
pub fn png_with(width: u32, height: u32, chunk: &[u8]) -> Vec<u8> {
    let plain = png(width, height);
    [&plain[..33], chunk, &plain[33..]].concat()
}

/// A JPEG in structure; `segments` are put right after the JFIF header.
pub fn jpeg(width: u16, height: u16, segments: &[(u8, &[u8])]) -> Vec<u8> {
    let segment =
        |(marker, body): &(u8, &[u8])| [&[0xff, *marker][..], &(body.len() as u16 + 2).to_be_bytes(), body].concat();
    let frame = [&[8][..], &height.to_be_bytes(), &width.to_be_bytes(), &[1, 1, 0x11, 0]].concat();
    let mut file = vec![0xff, 0xd8];
    file.extend(segment(&(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")));
    file.extend(segments.iter().flat_map(segment));
    file.extend(segment(&(0xdb, &[1; 65])));
    file.extend(segment(&(0xc0, &frame)));
    file.extend(segment(&(0xc4, &[0; 17])));
    file.extend(segment(&(0xda, &[1, 1, 0, 0, 63, 0])));
    file.extend(*b"\x12\x34\xff\x00\x56\xff\xd0\x78\xff\xd9");
    file
}

/// An EXIF block with a position of the camera, and how the picture is turned.
pub fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x02\0".to_vec();
    block.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    block.extend([0x25, 0x88, 4, 0, 1, 0, 0, 0, 38, 0, 0, 0]);
    block.extend(*b"\0\0\0\0GPS 35.5976 116.9842");
    block
}

/// A lossy WebP in structure, with these chunks after the picture.
pub fn webp(width: u16, height: u16, flags: u8, chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let frame = [&[0x10, 0, 0, 0x9d, 0x01, 0x2a][..], &width.to_le_bytes(), &height.to_le_bytes(), &[0; 4]].concat();
    let edge = |edge: u16| (u32::from(edge) - 1).to_le_bytes()[..3].to_vec();
    let canvas = [vec![flags, 0, 0, 0], edge(width), edge(height)].concat();
    let all = [(b"VP8X", &canvas[..]), (b"VP8 ", &frame)].into_iter().chain(chunks.iter().copied());
    let mut body = b"WEBP".to_vec();
    for (kind, data) in all {
        body.extend(kind);
        body.extend((data.len() as u32).to_le_bytes());
        body.extend(data);
        pad(&mut body, 2, 0);
    }
    [&b"RIFF"[..], &(body.len() as u32).to_le_bytes(), &body].concat()
}

/// A box of the family of MP4.
pub fn mp4_box(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
}

/// A film, or with `soun` a sound, of this brand, in structure.
pub fn mp4(brand: &[u8; 4], track: &[u8; 4], media: &[u8]) -> Vec<u8> {
    let handler = mp4_box(b"hdlr", &[&[0; 8][..], track, &[0; 13]].concat());
    let moov = mp4_box(b"moov", &mp4_box(b"trak", &mp4_box(b"mdia", &handler)));
    let ftyp = mp4_box(b"ftyp", &[&brand[..], &[0; 4], brand].concat());
    [ftyp, moov, mp4_box(b"mdat", media)].concat()
}

/// An AVIF in structure, with items of these kinds.
pub fn avif(width: u32, height: u32, items: &[&[u8; 4]]) -> Vec<u8> {
    let full = |kind: &[u8; 4], version: u8, body: &[u8]| mp4_box(kind, &[&[version, 0, 0, 0], body].concat());
    let item = |(i, kind): (usize, &&[u8; 4])| full(b"infe", 2, &[&[0, i as u8 + 1, 0, 0], &kind[..], &[0]].concat());
    let list: Vec<u8> = items.iter().enumerate().flat_map(item).collect();
    let items = full(b"iinf", 0, &[&(items.len() as u16).to_be_bytes()[..], &list].concat());
    let size = full(b"ispe", 0, &[width.to_be_bytes(), height.to_be_bytes()].concat());
    let properties = mp4_box(b"iprp", &mp4_box(b"ipco", &size));
    let meta = full(b"meta", 0, &[items, properties].concat());
    [mp4_box(b"ftyp", b"avif\0\0\0\0avifmif1miaf"), meta, mp4_box(b"mdat", &[1; 16])].concat()
}

/// An MP3 of a few silent frames after a tag.
pub fn mp3(frames: usize) -> Vec<u8> {
    let mut file = b"ID3\x04\0\0\0\0\0\x0a".to_vec();
    file.extend([0; 10]);
    for _ in 0..frames {
        // MPEG-1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes.
        file.extend([0xff, 0xfb, 0x90, 0x00]);
        file.extend([0; 413]);
    }
    file
}

/// An OGG of two pages of Opus.
pub fn ogg() -> Vec<u8> {
    let page = |body: &[u8]| [&b"OggS\0"[..], &[0; 21], &[1, body.len() as u8], body].concat();
    [page(b"OpusHead\x01\x02\0\0\x80\xbb\0\0\0\0\0"), page(&[7; 90])].concat()
}

/// A USDZ with these files, stored and aligned.
pub fn usdz(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut list) = (Vec::new(), Vec::new());
    for (name, body) in files {
        let at = file.len() as u32;
        let sizes = [crc32fast::hash(body), body.len() as u32, body.len() as u32].map(u32::to_le_bytes).concat();
        let padding = (64 - (file.len() + 30 + name.len()) % 64) % 64;
        let lengths = [&(name.len() as u16).to_le_bytes()[..], &(padding as u16).to_le_bytes()].concat();
        file.extend([b"PK\x03\x04\x0a\0\0\0\0\0\0\0\0\0", &sizes[..], &lengths, name.as_bytes()].concat());
        file.extend(vec![0; padding]);
        file.extend_from_slice(body);
        list.extend([b"PK\x01\x02\x0a\0\x0a\0\0\0\0\0\0\0\0\0", &sizes[..], &lengths[..2]].concat());
        list.extend([0; 12]);
        list.extend([&at.to_le_bytes()[..], name.as_bytes()].concat());
    }
    let start = file.len() as u32;
    let count = (files.len() as u16).to_le_bytes();
    file.extend_from_slice(&list);
    file.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count].concat());
    file.extend([(list.len() as u32).to_le_bytes(), start.to_le_bytes()].concat());
    file.extend([0, 0]);
    file
}
