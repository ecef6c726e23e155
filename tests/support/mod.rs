//! What the tests share.

#![allow(clippy::disallowed_methods, reason = "a throw-away server is found by the environment and named by the clock")]
#![allow(dead_code, reason = "each test binary uses only part of it")]

pub mod knobs;
pub mod plain_routes;
pub mod postgres;
pub mod samples;
