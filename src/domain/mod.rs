//! What a study route is, when a check-in counts, and how people are counted.
//!
//! Pure: no database, no HTTP, no clock, no chance, no I/O. Everything here can be tested by calling it.

pub mod check_in;
pub mod counts;
pub mod crs;
pub mod disclosure;
pub mod geodesy;
pub mod lint;
pub mod route;
pub mod time;
pub mod token;
pub mod zone;
