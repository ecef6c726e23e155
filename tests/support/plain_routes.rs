//! The two route files without the models that may have been made beside them: the tests that start many servers neither look at
//! models nor wait for them.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A folder with both route files and nothing else.
pub fn plain_routes() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plain-routes");
        for route in ["confucius-mencius", "peoples-canal"] {
            let file = Path::new(route).join("route.geojson");
            let text =
                std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("routes-data").join(&file)).expect("there");
            std::fs::create_dir_all(folder.join(route)).expect("a folder");
            // Another test binary may be reading it.
            let beside = folder.join(format!("{route}-{}", std::process::id()));
            std::fs::write(&beside, text).expect("written");
            std::fs::rename(beside, folder.join(file)).expect("moved");
        }
        folder
    });
    &FOLDER
}
