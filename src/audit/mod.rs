//! The past, for those who must be able to prove it: replay, verification, export.
//!
//! Everything here reads the ledger as rows with their hashes, from the event table or from a file, and believes nothing else:
//! no projection, no orchestrator. Absent on purpose: any way to change the log.

pub mod chain;
pub mod row;
pub mod source;
pub mod verify;
