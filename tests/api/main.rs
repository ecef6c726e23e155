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
mod batches;
mod check_in_clock;
mod check_ins;
mod client;
mod counts;
mod counts_in_public;
mod health;
mod me;
mod nearby;
mod nearby_refusals;
mod openapi;
mod publishing;
mod refusals;
mod route_files;
mod routes;
mod secrets;
