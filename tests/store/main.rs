//! The store and the recorder on both databases, down to crashes of the server.

#[path = "../support/mod.rs"]
mod support;

mod both;
mod check_ins;
mod counts;
mod fixtures;
mod model;
mod nodes;
mod recorder;
mod recorder_crash;
mod routes;
mod schema;
