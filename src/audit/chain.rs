//! The hash chain of the ledger, link by link: the same bytes as the SQL function `event_hash` makes (schema/V2__append.sql).

use sha2::{Digest, Sha256};

use super::row::LedgerRow;
use crate::domain::canonical::canonical;

/// What the first link hangs on: the hash of an empty log's head.
#[must_use]
pub fn genesis() -> Vec<u8> {
    Sha256::digest(b"conncentric").to_vec()
}

/// The hash that a row must have after `previous`: SHA-256 over the previous hash, the fields each ended by a line feed, and
/// the canonical data.
///
/// # Errors
/// Fails if the data is no JSON.
pub fn link(previous: &[u8], row: &LedgerRow) -> Result<Vec<u8>, serde_json::Error> {
    let data: serde_json::Value = serde_json::from_str(&row.data)?;
    let header = format!(
        "{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n",
        row.position,
        row.epoch,
        row.id,
        row.kind,
        row.schema_version,
        row.stream,
        row.recorded_at.timestamp_micros(),
        row.actor,
        row.request_id.map(|id| id.to_string()).unwrap_or_default(),
        row.cause.map(|cause| cause.to_string()).unwrap_or_default(),
    );
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(header.as_bytes());
    hasher.update(canonical(&data).as_bytes());
    Ok(hasher.finalize().to_vec())
}
