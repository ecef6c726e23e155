//! Files that lie beside a route file: `models/ID.glb`, `models/ID.reduced.glb` and `models/ID.png` belong to the exhibit ID. They are
//! made by code, so the route file does not say what follows from them: it is filled in when the route is read. An exhibit whose
//! files have not been made stays without.

use super::assets::{self, AssetError};
use crate::domain::route::{Asset, ExhibitKind, Waypoint};
use crate::store::{Blobs, Store, Who};
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The folder beside the route file.
const FOLDER: &str = "models";
/// What a file's name ends with, and what it is then to its exhibit.
const ROLES: [(&str, &str); 3] = [(".reduced.glb", "reduced"), (".glb", "full"), (".png", "preview")];
const SOURCE: &str = "made by the code in web/models";
const LICENSE: &str = "MIT OR Apache-2.0";

/// What lies beside a route file, by exhibit.
#[derive(Default)]
pub struct Beside(HashMap<String, Vec<(PathBuf, Asset)>>);

impl Beside {
    /// Looks at the files; waits for the disk. One that is no model or picture is named in the log and left out.
    #[must_use]
    pub fn look(route_file: &Path) -> Self {
        let mut beside = Self::default();
        let folder = route_file.parent().unwrap_or(Path::new("")).join(FOLDER);
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let role = ROLES.iter().find_map(|(ending, role)| Some((name.strip_suffix(ending)?, *role)));
            let Some((exhibit, role)) = role else { continue };
            match File::open(&path).map_err(|error| AssetError::Blob(error.into())).and_then(assets::facts) {
                Ok((sha256, bytes, media_type)) => {
                    let asset = asset(role, sha256, bytes, media_type);
                    beside.0.entry(exhibit.to_string()).or_default().push((path, asset));
                }
                Err(error) => tracing::warn!(file = %path.display(), %error, "a file beside a route file was left out"),
            }
        }
        beside
    }

    /// Gives the waypoint's models their files.
    pub fn fill(&self, waypoint: &mut Waypoint) {
        for exhibit in &mut waypoint.body.exhibits {
            if exhibit.kind == ExhibitKind::Model
                && exhibit.assets.is_empty()
                && let Some(files) = self.0.get(&exhibit.id)
            {
                exhibit.assets = files.iter().map(|(_, asset)| asset.clone()).collect();
            }
        }
    }

    /// Takes the files that are not kept yet.
    ///
    /// # Errors
    /// When one cannot be kept.
    pub async fn keep(&self, store: &Store, blobs: &Blobs, now_ms: i64) -> Result<(), AssetError> {
        for (path, asset) in self.0.values().flatten() {
            if store.asset(&asset.sha256).await?.is_none() {
                let file = File::open(path).map_err(|error| AssetError::Blob(error.into()))?;
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                assets::add(store, blobs, file, &name, &Who::command_line(), now_ms).await?;
            }
        }
        Ok(())
    }
}

fn asset(role: &str, sha256: String, bytes: u64, media_type: &str) -> Asset {
    Asset {
        role: role.into(),
        href: format!("/v1/assets/{sha256}"),
        media_type: media_type.into(),
        bytes,
        sha256,
        source: SOURCE.into(),
        license: LICENSE.into(),
    }
}
