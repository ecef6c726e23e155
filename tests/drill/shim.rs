//! Small libraries that are loaded before a program and stand between it and the system.

use crate::skip;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles one and gives its file; None, with a line on stderr, where there is no C compiler.
pub fn build(name: &str, source: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shims");
    std::fs::create_dir_all(&folder).unwrap();
    let (file, library) = (folder.join(format!("{name}.c")), folder.join(format!("{name}.so")));
    std::fs::write(&file, source).unwrap();
    // A program that runs may have the old one loaded: it keeps it.
    let fresh = folder.join(format!("{name}.so.{}", std::process::id()));
    match Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).args([&fresh, &file]).arg("-ldl").output() {
        Err(error) => {
            skip(&format!("a C compiler is needed: cc: {error}"));
            return None;
        }
        Ok(output) => assert!(output.status.success(), "cc: {}", String::from_utf8_lossy(&output.stderr)),
    }
    std::fs::rename(fresh, &library).unwrap();
    Some(library)
}
