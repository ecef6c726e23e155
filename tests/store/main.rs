//! The store and the recorder on both databases, down to crashes of the server.

#[path = "../support/mod.rs"]
mod support;

mod assets;
mod audit_log;
mod both;
mod check_ins;
mod counts;
mod drafts;
mod fixtures;
mod history;
mod keys;
mod model;
mod nodes;
mod prepare;
mod recorder;
mod recorder_crash;
mod refresher;
mod retention;
mod review;
mod routes;
mod schema;
mod servers;
mod sums;
mod wake;
mod weeks;
