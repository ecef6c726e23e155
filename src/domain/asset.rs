//! What is known about a file of an exhibit: what it is, what a phone will have to carry, and what its maker should hear.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a file is to an exhibit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AssetKind {
    /// Something with three dimensions.
    Model,
    /// A still picture.
    Picture,
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
}

/// What was found in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssetReport {
    /// What it is to an exhibit.
    pub kind: AssetKind,
    /// Of pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<PictureReport>,
    /// Of glTF models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelReport>,
    /// What was taken out before the file was kept, such as `EXIF`.
    pub removed: Vec<String>,
}

impl AssetReport {
    /// A report that says only what the file is.
    #[must_use]
    pub fn new(kind: AssetKind) -> Self {
        Self { kind, picture: None, model: None, removed: Vec::new() }
    }
}

/// A picture's size as it is shown, upright.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PictureReport {
    /// Pixels across.
    pub width_px: u32,
    /// Pixels down.
    pub height_px: u32,
}

/// What a phone has to draw and to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelReport {
    /// Triangles drawn, a mesh counted as often as it is placed.
    pub triangles: u64,
    /// Vertices kept.
    pub vertices: u64,
    /// Materials.
    pub materials: u64,
    /// Images used as textures.
    pub textures: u64,
    /// Longest edge of the largest texture.
    pub texture_edge_max_px: u32,
    /// Memory that all textures take once decoded, with their smaller copies.
    pub texture_decoded_bytes: u64,
    /// Animations.
    pub animations: u64,
    /// glTF extensions without which it is not shown.
    pub extensions_required: Vec<String>,
}

/// What is told of a file to whoever sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// What was found.
    pub report: AssetReport,
    /// What its maker should hear.
    pub warnings: Vec<String>,
}
