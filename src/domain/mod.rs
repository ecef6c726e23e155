//! What a study route is, when a check-in counts, and how people are counted.
//!
//! Pure: no database, no HTTP, no clock, no chance, no I/O. Everything here can be tested by calling it.

pub mod asset;
pub mod check_in;
pub mod counts;
pub mod crs;
pub mod diff;
pub mod disclosure;
pub mod geodesy;
pub mod lint;
pub mod map_tiles;
pub mod participant;
pub mod published;
pub mod rehearsal;
pub mod route;
#[cfg(test)]
pub(crate) mod sample;
pub mod sums;
pub mod time;
pub mod token;
pub mod visitors;
pub mod zone;
