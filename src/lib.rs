//! Conncentric keeps each connection that must exist exactly once running on exactly one of many adapter pods.
//!
//! Reading order:
//!
//! 1. [`domain`]: what happened, what may happen next. Pure: no I/O, no clock, no randomness.
//! 2. [`log`]: the one event table in PostgreSQL, and the conditional append.
//! 3. [`orchestrator`]: one task that decides, appends and follows; expiry; push.
//! 4. [`http`]: the API in front of it. [`wire`] holds the JSON of both sides.
//! 5. [`adapter`]: the pod's side: trust, belief, sessions. [`connector`] holds the connections.
//! 6. [`audit`]: the past, replayed and verified from the ledger alone.
//! 7. [`doctor`]: what a database can be relied on for.
//! 8. [`cli`] wires all of it to commands, [`dev`] runs the whole system on one machine.

pub mod adapter;
pub mod audit;
pub mod cli;
pub mod client;
pub mod connector;
pub mod dev;
pub mod doctor;
pub mod domain;
pub mod http;
pub mod limits;
pub mod log;
pub mod orchestrator;
pub mod plugin;
#[cfg(test)]
mod simulation;
pub mod time;
pub mod trace;
pub mod wire;
