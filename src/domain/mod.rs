//! What may happen and what has happened, as pure functions.
//!
//! Absent on purpose: I/O, clocks, randomness, and everything else of ours. Times, ids and silences come in as arguments.

pub mod adapter;
pub mod event;
pub mod identity;
pub mod lease;
pub mod name;
pub mod status;
pub mod token;
