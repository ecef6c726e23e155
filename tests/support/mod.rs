//! What the tests share.

#![allow(dead_code, reason = "each test binary uses only part of it")]

pub mod postgres;
