//! Files to study routes. Each format is one file: bytes in, domain out, and what is wrong in a designer's words.
//! Pure: no database, no disk.

pub mod geojson;
