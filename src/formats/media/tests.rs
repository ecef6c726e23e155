//! What is taken, what is refused and with which words, what is taken out, and that no bytes stop the program.

#[path = "../../../tests/support/samples.rs"]
mod samples;

use super::*;
use proptest::prelude::*;
use samples::*;
use serde_json::json;
use std::io::Cursor;

fn look(file: &[u8]) -> Result<Media, Refused> {
    inspect(&mut Cursor::new(file))
}

#[track_caller]
fn refused(file: &[u8]) -> String {
    look(file).expect_err("refused").to_string()
}

#[test]
fn every_taken_form_is_told_by_what_stands_in_it() {
    let usda = b"#usda 1.0\n";
    for (file, media_type, kind) in [
        (glb(1, &[]), "model/gltf-binary", AssetKind::Model),
        (usdz(&[("a.usda", usda), ("t/b.png", &png(8, 8))]), "model/vnd.usdz+zip", AssetKind::Model),
        (png(30, 20), "image/png", AssetKind::Picture),
        (jpeg(30, 20, &[]), "image/jpeg", AssetKind::Picture),
        (webp(30, 20, 0, &[]), "image/webp", AssetKind::Picture),
        (avif(30, 20, &[b"av01"]), "image/avif", AssetKind::Picture),
        (mp3(4), "audio/mpeg", AssetKind::Audio),
        (ogg(), "audio/ogg", AssetKind::Audio),
        (mp4(b"M4A ", b"soun", b"x"), "audio/mp4", AssetKind::Audio),
        (mp4(b"isom", b"vide", b"x"), "video/mp4", AssetKind::Video),
    ] {
        let media = look(&file).unwrap_or_else(|error| panic!("{media_type}: {error}"));
        assert_eq!((media.media_type, media.report.kind), (media_type, kind));
        assert_eq!(media.cleaned, None, "{media_type}: nothing is to be taken out");
        assert_ne!(ending(media_type), "bin");
        if kind == AssetKind::Picture {
            let size = media.report.picture.expect("a size");
            assert_eq!((size.width_px, size.height_px), (30, 20), "{media_type}");
        }
    }
}

#[test]
fn what_is_not_taken_is_named_with_what_to_do() {
    let gifar = [b"GIF89a".to_vec(), usdz(&[("a.usda", b"x")])].concat();
    for (file, words) in [
        (&b""[..], "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<?xml version='1.0'?><!-- --><svg/>", "SVG"),
        (b"<!DOCTYPE html><html>", "page of text"),
        (b"%PDF-1.7 ", "PDF"),
        (&gifar, "GIF"),
        (b"#!/bin/sh\nrm", "Taken are"),
        (b"{\"asset\": {\"version\": \"2.0\"}}", "one .glb"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0", "Taken are"),
        (b"PK\x03\x04\x14\0\0\0\x08\0", "Taken are"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "QuickTime"),
        (b"\0\0\0\x18ftypavis\0\0\0\0avisavif", "moves"),
        (b"\0\0\0\x14ftyp3gp4\0\0\0\x003gp4", "save it as MP4"),
        (b"OggS\0 and then something else entirely", "Vorbis"),
        (b"ID3\x04\0\0\0\0\0\0<script>alert(1)</script>", "damaged"),
        (b"\xff\xfb<script>", "damaged"),
    ] {
        assert!(refused(file).contains(words), "{words}: {}", refused(file));
    }
}

#[test]
fn a_file_that_is_two_things_at_once_is_refused() {
    let zip = usdz(&[("a.usda", b"x")]);
    for file in [
        png(8, 8),
        jpeg(8, 8, &[]),
        webp(8, 8, 0, &[]),
        avif(8, 8, &[b"av01"]),
        glb(1, &[]),
        usdz(&[("a.usda", b"x")]),
        ogg(),
        mp4(b"isom", b"vide", b"x"),
    ] {
        look(&file).expect("good alone");
        for tail in [&b"<script>alert(1)</script>"[..], &zip, b"\0"] {
            let both = [&file[..], tail].concat();
            assert!(look(&both).is_err(), "{:?} + {:?}", &file[..12], &tail[..1]);
        }
    }
}

#[test]
fn bounds_are_held_before_anything_is_decoded() {
    assert!(look(&png(8_000, 5_000)).is_ok(), "40 million pixels");
    assert!(refused(&png(8_000, 5_001)).contains("pixels"));
    assert!(refused(&png(0, 5)).contains("damaged"));
    assert!(refused(&jpeg(65_000, 65_000, &[])).contains("pixels"));
    assert!(refused(&avif(70_000, 70_000, &[b"av01"])).contains("pixels"));
    let mut heavy = png(8, 8);
    heavy.resize(20_000_001, 0);
    assert!(matches!(look(&heavy), Err(Refused::TooLarge(words)) if words.contains("20.0 MB")));
}

#[test]
fn what_a_camera_wrote_is_taken_out_and_the_picture_stays_upright() {
    let exif_6 = exif(6);
    let in_jpeg = [b"Exif\0\0", &exif_6[..]].concat();
    let xmp = b"http://ns.adobe.com/xap/1.0/\0GPS 35.5976";
    let icc = b"ICC_PROFILE\0\x01\x01colours";
    let segments: &[(u8, &[u8])] =
        &[(0xe1, &in_jpeg), (0xe1, xmp), (0xe2, icc), (0xed, b"Photoshop GPS"), (0xfe, b"GPS")];
    let png_texts =
        [png_chunk(b"eXIf", &exif_6), png_chunk(b"tEXt", b"Comment\0GPS"), png_chunk(b"iCCP", b"colours")].concat();
    for (file, removed) in [
        (jpeg(30, 20, segments), &["EXIF", "IPTC", "XMP", "comments"][..]),
        (png_with(30, 20, &png_texts), &["EXIF", "texts"]),
        (webp(30, 20, 0x2c, &[(b"ICCP", b"colours"), (b"EXIF", &exif_6), (b"XMP ", b"GPS")]), &["EXIF", "XMP"]),
    ] {
        let media = look(&file).expect("taken");
        let what = media.media_type;
        assert_eq!(media.report.removed, removed, "{what}");
        let size = media.report.picture.expect("a size");
        assert_eq!((size.width_px, size.height_px), (20, 30), "{what}: upright");
        let kept = media.cleaned.expect("cleaned");
        assert!(!contains(&kept, b"GPS") && contains(&kept, b"colours"), "{what}");
        assert!(contains(&kept, b"\x01\x12\0\x03\0\0\0\x01\0\x06"), "{what}: how it is turned stays");
        let again = look(&kept).expect("taken");
        assert_eq!(again.report.picture, media.report.picture, "{what}");
        assert!(again.cleaned.is_none_or(|again| again == kept), "{what}: cleaning twice changes nothing more");
    }
    assert!(refused(&avif(8, 8, &[b"av01", b"Exif"])).contains("without metadata"));
}

#[test]
fn an_upright_picture_keeps_no_exif_at_all() {
    let media = look(&webp(8, 8, 0x0c, &[(b"EXIF", &exif(1)), (b"XMP ", b"GPS")])).expect("taken");
    let kept = media.cleaned.expect("cleaned");
    assert!(!contains(&kept, b"EXIF") && look(&kept).expect("taken").cleaned.is_none());
    let media = look(&jpeg(8, 8, &[(0xe1, &[b"Exif\0\0", &exif(1)[..]].concat())])).expect("taken");
    assert_eq!(media.cleaned, Some(jpeg(8, 8, &[])));
}

#[test]
fn a_model_is_counted_and_held_against_what_phones_bear() {
    let model = look(&glb(7, &png(16, 8))).expect("taken");
    let report = model.report.model.expect("counts");
    assert_eq!((report.triangles, report.vertices, report.materials), (7, 3, 1));
    assert_eq!(
        (report.textures, report.texture_edge_max_px, report.texture_decoded_bytes),
        (1, 16, 16 * 8 * 4 * 4 / 3)
    );
    assert_eq!(model.warnings, Vec::<String>::new());
    let twice = glb_with(7, &[], |model| model["nodes"] = json!([{"mesh": 0}, {"mesh": 0}]));
    assert_eq!(look(&twice).expect("taken").report.model.map(|model| model.triangles), Some(14));
    let heavy = look(&glb(60_001, &png(2_049, 8))).expect("taken").warnings.join(" ");
    for words in ["60001 triangles", "2049 pixels", "0.4 MB"] {
        assert!(heavy.contains(words), "{words}: {heavy}");
    }
    assert!(look(&glb(40_000, &png(2_048, 8))).expect("taken").warnings.is_empty());
}

#[test]
fn a_model_must_have_everything_in_itself() {
    let edited = |edit: fn(&mut serde_json::Value)| glb_with(1, &png(8, 8), edit);
    for (file, words) in [
        (edited(|model| model["buffers"][0]["uri"] = json!("other.bin")), "one .glb"),
        (edited(|model| model["buffers"][0]["uri"] = json!("data:application/octet-stream;base64,AAAA")), "one .glb"),
        (edited(|model| model["images"][0] = json!({"uri": "https://example.org/x.png"})), "one .glb"),
        (edited(|model| model["buffers"][0]["byteLength"] = json!(1_000_000)), "damaged"),
        (edited(|model| model["bufferViews"][0]["byteLength"] = json!(1_000_000)), "damaged"),
        (edited(|model| model["accessors"][1]["count"] = json!(3_000_000_000u32)), "damaged"),
        (edited(|model| model["meshes"][0]["primitives"][0]["attributes"]["POSITION"] = json!(99)), "broken"),
        (edited(|model| model["meshes"][0]["primitives"][0]["material"] = json!(99)), "broken"),
        (edited(|model| model["nodes"][0]["mesh"] = json!(99)), "broken"),
        (edited(|model| model["bufferViews"][2]["byteLength"] = json!(0)), "texture"),
        (edited(|model| model["extensionsRequired"] = json!(["ACME_magic"])), "ACME_magic"),
        (edited(|model| model["asset"] = json!(7)), "not understood"),
        (glb(1, &png(9_000, 9_000)), "pixels"),
        (glb(1, b"GIF89a"), "texture"),
        (b"glTF\x01\0\0\0\x0c\0\0\0".to_vec(), "another version"),
        (b"glTF\x02\0\0\0\x0c\0\0\0".to_vec(), "damaged"),
        (b"glTF\x02\0\0\0\x01\0\0\0".to_vec(), "damaged"),
    ] {
        assert!(refused(&file).contains(words), "{words}: {}", refused(&file));
    }
    let draco =
        edited(|model| model["extensionsRequired"] = json!(["KHR_draco_mesh_compression", "KHR_texture_transform"]));
    let warnings = look(&draco).expect("taken").warnings;
    assert!(warnings.len() == 1 && warnings[0].contains("KHR_draco_mesh_compression"), "{warnings:?}");
}

#[test]
fn a_usdz_is_read_in_place_or_not_at_all() {
    let good = usdz(&[("a.usdc", b"x"), ("b.png", b"y")]);
    look(&good).expect("taken");
    let altered = |at: usize, byte: u8| {
        let mut file = good.clone();
        file[at] = byte;
        file
    };
    let list = good.windows(4).position(|part| part == b"PK\x01\x02").expect("a list");
    assert!(refused(&altered(8, 8)).contains("Taken are"), "compressed");
    assert!(refused(&altered(6, 1)).contains("Taken are"), "encrypted");
    assert!(refused(&altered(64, b'z')).contains("damaged"), "another checksum");
    assert!(refused(&altered(list + 46, b'z')).contains("damaged"), "another name in the list");
    assert!(refused(&altered(list + 42, 64)).contains("damaged"), "another place in the list");
    for name in ["../a.png", "/a.png", "c:a.png", "a.html", "a.js", "a"] {
        assert!(refused(&usdz(&[("a.usdc", b"x"), (name, b"y")])).contains("does not belong"), "{name}");
    }
    assert!(refused(&usdz(&[("a.usdc", b"x"), ("a.usdc", b"y")])).contains("damaged"), "the same name twice");
    assert!(refused(&[&good[..64], b"?", &good[64..]].concat()).contains("damaged"));
}

#[test]
fn a_film_must_show_something_and_says_when_it_tells_its_place() {
    assert!(refused(&mp4(b"isom", b"soun", b"x")).contains("M4A"));
    assert!(refused(&mp4(b"M4A ", b"vide", b"x")).contains("MP4"));
    let film = mp4(b"isom", b"vide", b"x");
    let place = mp4_box(b"udta", &mp4_box(b"\xa9xyz", b"+35.5976+116.9842/"));
    let at = film.windows(4).position(|part| part == b"moov").expect("moov");
    let moov_length = be32(&film, at - 4).expect("a length") as usize;
    let mut told = film.clone();
    told.splice(at - 4 + moov_length..at - 4 + moov_length, place.iter().copied());
    let length = u32::try_from(moov_length + place.len()).expect("small");
    told.splice(at - 4..at, length.to_be_bytes());
    assert!(look(&told).expect("taken").warnings[0].contains("where it was made"));
    assert!(look(&film).expect("taken").warnings.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_bytes_stop_the_program(
        which in 0usize..11,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let in_jpeg = [b"Exif\0\0", &exif(6)[..]].concat();
        let mut file = match which {
            0 => glb(2, &png(8, 8)),
            1 => png_with(9, 9, &png_chunk(b"eXIf", &exif(3))),
            2 => jpeg(9, 9, &[(0xe1, &in_jpeg)]),
            3 => webp(9, 9, 0x0c, &[(b"EXIF", &exif(8)), (b"XMP ", b"x")]),
            4 => avif(9, 9, &[b"av01"]),
            5 => usdz(&[("a.usda", b"x"), ("b.png", b"y")]),
            6 => mp3(4),
            7 => ogg(),
            8 => mp4(b"isom", b"vide", b"x"),
            9 => mp4(b"M4A ", b"soun", b"x"),
            _ => Vec::new(),
        };
        for (at, byte) in changes {
            if !file.is_empty() {
                let at = at.index(file.len());
                file[at] = byte;
            }
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len() + 1));
        }
        if let Ok(media) = look(&file) {
            prop_assert!(media.cleaned.is_none_or(|kept| look(&kept).is_ok()), "what is kept would be taken again");
        }
    }

    #[test]
    fn any_description_of_a_model_is_answered(text in "[ -~]{0,300}", number in any::<i64>()) {
        let _ = look(&glb_with(1, &[], |model| {
            model["accessors"][0]["count"] = json!(number);
            model["bufferViews"][0]["byteOffset"] = json!(number);
            model["asset"]["copyright"] = json!(text);
        }));
    }
}
