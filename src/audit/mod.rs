//! The past, for those who must be able to prove it: replay, verification, export.
//!
//! Everything here reads the ledger as rows with their hashes, from the event table or from a file, and believes nothing else:
//! no projection, no orchestrator. Absent on purpose: any way to change a history. An import fills an empty
//! log with one that was; sealing moves a part of it into a file and back.

pub mod archive;
pub mod chain;
mod columns;
pub mod explain;
pub mod export;
pub mod import;
mod pages;
pub mod replay;
pub mod row;
pub mod seal;
pub mod source;
pub mod unseal;
pub mod verify;
