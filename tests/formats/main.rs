//! Files in and out: what real programs write is understood, what was made to do harm is refused, nothing panics, nothing is lost.

mod archives;
mod corpus;
mod hostile;
mod meaning;
mod mutated;
mod rig;
mod round;
