//! The built pages are embedded, so they are compiled in anew when they have changed. Nothing is built here: `make web` does.

fn main() {
    println!("cargo:rerun-if-changed=web/dist");
}
