//! The tasks that run beside requests: one writes check-ins, one looks tokens up, one keeps the index in step with the database,
//! one counts the nodes.

mod apart;
pub mod census;
pub mod lookups;
mod pace;
pub mod recorder;
pub mod refresher;
