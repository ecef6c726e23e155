//! Location-based AR study routes: the exhibits around a visitor, check-ins that are never lost, and participant counts that
//! stand up to questions.
//!
//! The map, from the outside in; an arrow may skip a floor and never turns back, and rooms on one floor do not see each other
//! (`tests/laws.rs` reads the `use` lines):
//!
//! `main → cli → app → http, web → tasks, design → store, index, formats → domain`

// Input must not be able to stop the program. Tests may be blunt.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

/// What everything is about: study routes, presence, counting. Pure.
pub mod domain;

/// Files to study routes. Pure.
pub mod formats;
/// What visitors' questions are answered from, in memory. Pure.
pub mod index;
/// The only place that knows a database.
pub mod store;

/// The tasks beside requests: the recorder and the refresher.
pub mod tasks;

/// What designers and admins do.
pub mod design;

/// The wire.
pub mod http;
/// The pages.
pub mod web;

/// The composition root.
pub mod app;
/// The command line.
pub mod cli;

/// Clock and chance, read in one place and handed to everyone else.
pub mod ambient;
/// Settings.
pub mod config;
/// Traces for a collector, off by default.
pub mod traces;
