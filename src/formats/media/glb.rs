//! glTF binary: structure, what it needs, and what a phone will have to draw and hold. Everything must be inside the one file.

use super::{
    Media, PHONE_TEXTURE_BYTES, PHONE_TEXTURE_EDGE_PX, PHONE_TRIANGLES, REDUCED_MODEL_BYTES, Refused, check_pixels,
    damaged, le32, megabytes, trailing, unreadable,
};
use crate::domain::asset::ModelReport;
use gltf::json::accessor::{Accessor, GenericComponentType};
use gltf::json::mesh::{Mode, Primitive};
use gltf::json::validation::{Checked, Error as Invalid, Validate};
use gltf::json::{Path, Root};

/// Largest description of a model.
const JSON_MAX_BYTES: usize = 8 * 1024 * 1024;
/// Most objects in it: each takes a hundred times its text in memory.
const OBJECTS_MAX: usize = 100_000;
const HEAD_BYTES: usize = 12;

/// Extensions that three.js's `GLTFLoader` understands by itself.
const UNDERSTOOD: [&str; 19] = [
    "EXT_materials_bump",
    "EXT_mesh_gpu_instancing",
    "EXT_texture_avif",
    "EXT_texture_webp",
    "KHR_lights_punctual",
    "KHR_materials_anisotropy",
    "KHR_materials_clearcoat",
    "KHR_materials_dispersion",
    "KHR_materials_emissive_strength",
    "KHR_materials_ior",
    "KHR_materials_iridescence",
    "KHR_materials_sheen",
    "KHR_materials_specular",
    "KHR_materials_transmission",
    "KHR_materials_unlit",
    "KHR_materials_variants",
    "KHR_materials_volume",
    "KHR_mesh_quantization",
    "KHR_texture_transform",
];
/// Extensions for which a page has to give the loader a decoder.
const WITH_DECODER: [&str; 3] = ["EXT_meshopt_compression", "KHR_draco_mesh_compression", "KHR_texture_basisu"];

/// Checks and counts a model.
pub fn inspect(file: &[u8], media: &mut Media) -> Result<(), Refused> {
    let (json, binary) = chunks(file)?;
    if json.len() > JSON_MAX_BYTES || json.split(|byte| *byte == b'{').count() > OBJECTS_MAX {
        return Err(unreadable("The model's description is too long; join its parts and send it again."));
    }
    let root = Root::from_slice(json).map_err(|error| {
        let words: String = error.to_string().chars().take(200).collect();
        unreadable(format!("The glTF is not understood ({words}). Export it anew as glTF 2.0 binary."))
    })?;
    check_extensions(&root)?;
    check_structure(&root)?;
    check_buffers(&root, binary)?;
    let mut report = count(&root);
    textures(&root, binary, &mut report)?;
    warn(file.len() as u64, &report, &mut media.warnings);
    media.report.model = Some(report);
    Ok(())
}

/// The description and the binary part, which together fill the file.
fn chunks(file: &[u8]) -> Result<(&[u8], &[u8]), Refused> {
    if le32(file, 4) != Some(2) {
        return Err(unreadable("This is glTF of another version; export it as glTF 2.0 binary."));
    }
    let said = le32(file, 8).map_or(0, |length| length as usize);
    if said < file.len() && said >= HEAD_BYTES {
        return Err(trailing("model", (file.len() - said) as u64));
    }
    let chunk = |rest: &mut &'_ [u8], kind: &[u8; 4]| -> Option<std::ops::Range<usize>> {
        let length = le32(rest, 0)? as usize;
        let start = file.len() - rest.len() + 8;
        let end = start.checked_add(length)?;
        if rest.get(4..8)? != kind {
            return None;
        }
        *rest = rest.get(length.checked_add(8)?..)?;
        Some(start..end)
    };
    let read = || {
        let mut rest = file.get(HEAD_BYTES..).filter(|_| said == file.len())?;
        let json = chunk(&mut rest, b"JSON")?;
        let binary = if rest.is_empty() { 0..0 } else { chunk(&mut rest, b"BIN\0")? };
        let both = (file.get(json)?, file.get(binary)?);
        rest.is_empty().then_some(both)
    };
    read().ok_or_else(|| damaged("model"))
}

fn check_extensions(root: &Root) -> Result<(), Refused> {
    let known = |name: &&String| UNDERSTOOD.contains(&name.as_str()) || WITH_DECODER.contains(&name.as_str());
    let Some(unknown) = root.extensions_required.iter().find(|name| !known(name)) else { return Ok(()) };
    let unknown: String = unknown.chars().take(80).collect();
    Err(unreadable(format!(
        "The model needs the glTF extension {unknown}, which browsers do not show. Export it without."
    )))
}

/// What the library finds, but for extensions, which were looked at, and for what compressed models leave out.
fn check_structure(root: &Root) -> Result<(), Refused> {
    // The library's own check reads these places before it has checked them.
    let mut primitives = root.meshes.iter().flat_map(|mesh| &mesh.primitives);
    let is_broken = primitives.any(|part| part.attributes.values().any(|at| at.value() >= root.accessors.len()));
    let mut found = is_broken.then(|| "meshes".to_string());
    if found.is_none() {
        root.validate(root, Path::new, &mut |path, error| {
            if matches!(error, Invalid::IndexOutOfBounds | Invalid::Invalid | Invalid::Oversize) && found.is_none() {
                found = Some(path().as_str().chars().take(120).collect());
            }
        });
    }
    match found {
        None => Ok(()),
        Some(place) => Err(unreadable(format!("The glTF is broken at {place}. Export it anew."))),
    }
}

fn check_buffers(root: &Root, binary: &[u8]) -> Result<(), Refused> {
    let is_outside = |uri: &Option<String>| uri.is_some();
    if root.buffers.iter().any(|buffer| is_outside(&buffer.uri))
        || root.images.iter().any(|image| is_outside(&image.uri))
    {
        return Err(unreadable(
            "The model refers to other files, or holds them as text. Export it as one .glb with everything in it.",
        ));
    }
    // Of compressed models, buffers after the first stand for what is unpacked.
    let is_compressed = root.extensions_used.iter().any(|name| name == "EXT_meshopt_compression");
    let too_many = root.buffers.len() > 1 && !is_compressed;
    let too_short = root.buffers.first().is_some_and(|buffer| buffer.byte_length.0 > binary.len() as u64);
    let views_fit = root.buffer_views.iter().all(|view| {
        let end = view.byte_offset.unwrap_or_default().0.saturating_add(view.byte_length.0);
        root.buffers.get(view.buffer.value()).is_some_and(|buffer| end <= buffer.byte_length.0)
    });
    if too_many || too_short || !views_fit || !root.accessors.iter().all(|accessor| fits(root, accessor)) {
        return Err(damaged("model"));
    }
    Ok(())
}

/// Whether all that an accessor counts is there.
fn fits(root: &Root, accessor: &Accessor) -> bool {
    let Some(view) = accessor.buffer_view.and_then(|index| root.buffer_views.get(index.value())) else { return true };
    let (Checked::Valid(GenericComponentType(part)), Checked::Valid(shape)) = (accessor.component_type, accessor.type_)
    else {
        return false;
    };
    let size = (part.size() * shape.multiplicity()) as u64;
    let stride = view.byte_stride.map_or(size, |stride| stride.0 as u64);
    let last = accessor.count.0.saturating_sub(1).saturating_mul(stride);
    let end = accessor.byte_offset.unwrap_or_default().0.saturating_add(last).saturating_add(size);
    accessor.count.0 == 0 || end <= view.byte_length.0
}

fn count(root: &Root) -> ModelReport {
    let mut placed = vec![0u64; root.meshes.len()];
    for mesh in root.nodes.iter().filter_map(|node| node.mesh) {
        if let Some(times) = placed.get_mut(mesh.value()) {
            *times += 1;
        }
    }
    let (mut triangles, mut vertices) = (0u64, 0u64);
    for (mesh, times) in root.meshes.iter().zip(placed) {
        for primitive in &mesh.primitives {
            let (corners, drawn) = size(root, primitive);
            triangles = triangles.saturating_add(drawn.saturating_mul(times.max(1)));
            vertices = vertices.saturating_add(corners);
        }
    }
    let mut extensions_required = root.extensions_required.clone();
    extensions_required.sort();
    extensions_required.dedup();
    ModelReport {
        triangles,
        vertices,
        materials: root.materials.len() as u64,
        textures: root.images.len() as u64,
        animations: root.animations.len() as u64,
        extensions_required,
        ..ModelReport::default()
    }
}

/// Vertices and triangles of a part of a mesh.
fn size(root: &Root, primitive: &Primitive) -> (u64, u64) {
    let counted = |index: usize| root.accessors.get(index).map_or(0, |accessor| accessor.count.0);
    let corners = primitive.attributes.values().next().map_or(0, |index| counted(index.value()));
    let drawn = primitive.indices.map_or(corners, |index| counted(index.value()));
    let triangles = match primitive.mode {
        Checked::Valid(Mode::Triangles) => drawn / 3,
        Checked::Valid(Mode::TriangleStrip | Mode::TriangleFan) => drawn.saturating_sub(2),
        _ => 0,
    };
    (corners, triangles)
}

/// Measures the images of a model.
fn textures(root: &Root, binary: &[u8], report: &mut ModelReport) -> Result<(), Refused> {
    for image in &root.images {
        let view = image.buffer_view.and_then(|index| root.buffer_views.get(index.value()));
        let view = view.filter(|view| view.buffer.value() == 0).ok_or_else(|| damaged("model"))?;
        let start = usize::try_from(view.byte_offset.unwrap_or_default().0).unwrap_or(usize::MAX);
        let length = usize::try_from(view.byte_length.0).unwrap_or(usize::MAX);
        let bytes = binary.get(start..start.saturating_add(length)).ok_or_else(|| damaged("model"))?;
        let is_ktx = bytes.starts_with(b"\xabKTX 20\xbb");
        let media_type = infer::get(bytes).map(|found| found.mime_type());
        if !is_ktx && !matches!(media_type, Some("image/png" | "image/jpeg" | "image/webp" | "image/avif")) {
            return Err(unreadable(
                "A texture of the model is none of PNG, JPEG, WebP, AVIF and KTX2; save it as one of them.",
            ));
        }
        let size = imagesize::blob_size(bytes).map_err(|_| damaged("model's texture"))?;
        let (width, height) = (size.width as u64, size.height as u64);
        check_pixels(width, height, "model's texture")?;
        let edge = u32::try_from(width.max(height)).unwrap_or(u32::MAX);
        report.texture_edge_max_px = report.texture_edge_max_px.max(edge);
        // KTX2 stays compressed in a phone's memory; smaller copies take a third more.
        let pixel_bytes = if is_ktx { 1 } else { 4 };
        report.texture_decoded_bytes += width * height * pixel_bytes * 4 / 3;
    }
    Ok(())
}

fn warn(bytes: u64, report: &ModelReport, warnings: &mut Vec<String>) {
    if bytes > REDUCED_MODEL_BYTES {
        warnings.push(format!(
            "The model has {}. That is fine for the role full; as reduced, for phones on the way, at most {} kB.",
            megabytes(bytes),
            REDUCED_MODEL_BYTES / 1_000
        ));
    }
    if report.triangles > PHONE_TRIANGLES {
        warnings.push(format!(
            "The model has {} triangles; cheap phones draw {PHONE_TRIANGLES} smoothly. Simplify its meshes.",
            report.triangles
        ));
    }
    if report.texture_edge_max_px > PHONE_TEXTURE_EDGE_PX {
        warnings.push(format!(
            "A texture is {} pixels long; phones show {PHONE_TEXTURE_EDGE_PX}. Make it smaller.",
            report.texture_edge_max_px
        ));
    }
    if report.texture_decoded_bytes > PHONE_TEXTURE_BYTES {
        warnings.push(format!(
            "The textures take {} in a phone's memory; more than {} may close the page. Make them fewer or smaller.",
            megabytes(report.texture_decoded_bytes),
            megabytes(PHONE_TEXTURE_BYTES)
        ));
    }
    for name in report.extensions_required.iter().filter(|name| WITH_DECODER.contains(&name.as_str())) {
        warnings.push(format!("The model needs {name}: it shows only on pages that bring a decoder for it."));
    }
}
