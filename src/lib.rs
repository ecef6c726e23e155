//! studyroute
pub mod ambient;
pub mod domain;
pub mod formats;
pub mod index;
pub mod store;
pub mod tasks;
