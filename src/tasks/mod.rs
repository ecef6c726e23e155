//! The tasks that run beside requests: one writes check-ins, one keeps the index in step with the database,
//! one counts the nodes.

pub mod census;
pub mod recorder;
pub mod refresher;
