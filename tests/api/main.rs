//! The front door: a whole server in this process, asked over TCP the way phones, operators and strangers ask it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

mod app;
mod assets;
mod audit;
mod batches;
mod check_in_clock;
mod check_ins;
mod client;
mod counts;
mod counts_in_public;
mod counts_live;
mod desk;
mod drafts;
mod health;
mod imports;
mod imports_crs;
mod imports_hostile;
mod imports_meanwhile;
mod imports_rows;
mod keys;
mod limits;
mod map;
mod me;
mod nearby;
mod nearby_refusals;
mod openapi;
mod openapi_design;
mod publishing;
mod publishing_under_load;
mod refusals;
mod releases;
mod retention;
mod route_files;
mod routes;
mod schedules;
mod secrets;
mod sessions;
mod uploads;
