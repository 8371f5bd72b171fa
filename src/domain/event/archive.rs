//! The events of a ledger whose beginning is in archive files.

use serde::{Deserialize, Serialize};

use crate::domain::token::Position;

/// Old ledger events left the table for a file. They stay part of the ledger, and its hash chain goes through them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerSealed {
    /// One more than the last position of the archive before it.
    pub first: Position,
    /// The position of the last event that it holds.
    pub last: Position,
    pub events: u64,
    /// Of the last event, in hex.
    pub hash: String,
    /// The name of the file, without its folder.
    pub file: String,
    /// Of the whole file, in hex.
    pub sha256: String,
    pub reason: Option<String>,
}

/// The events of one archive and of all that follow it are in the table again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerUnsealed {
    pub first: Position,
    pub last: Position,
    pub reason: Option<String>,
}
