//! The store and the recorder on both databases, down to crashes of the server.

#[path = "../support/mod.rs"]
mod support;

mod assets;
mod audit_log;
mod both;
mod check_ins;
mod copies;
mod counts;
mod drafts;
mod fixtures;
mod history;
mod keys;
mod lookups;
mod model;
mod moving;
mod nodes;
mod prepare;
mod recorder;
mod recorder_crash;
mod recount;
mod refresher;
mod retention;
mod review;
mod routes;
mod schema;
mod servers;
mod sums;
mod wake;
mod weeks;
