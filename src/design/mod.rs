//! What designers and admins do, the same by HTTP and at the command line. Sees the store and the domain; the clock, chance and
//! who asks are arguments. Refuses to know HTTP, and to print.

pub mod assets;
pub mod beside;
pub mod export;
pub mod import;
pub mod keys;
pub mod publish;
mod review;
pub mod route_file;
pub mod uploads;
