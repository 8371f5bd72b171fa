//! What may happen and what has happened, as pure functions.
//!
//! Absent on purpose: I/O, clocks, randomness, and everything else of ours. Times, ids and silences come in as arguments.

pub mod action;
pub mod adapter;
pub mod archive;
pub mod artifact;
pub mod canonical;
pub mod command;
pub mod connector;
pub mod content;
pub mod decide;
pub mod difference;
pub mod entry;
pub mod event;
pub mod evolve;
pub mod explain;
pub mod fleet;
pub mod identity;
pub mod lease;
pub mod name;
pub mod placement;
pub mod plugin;
pub mod refusal;
pub mod restore;
pub mod secret;
pub mod status;
#[cfg(test)]
mod tests;
pub mod token;
pub mod upcast;
