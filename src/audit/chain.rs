//! The hash chain of the ledger, link by link: the same bytes as the SQL function `event_hash` makes (schema/V2__append.sql).

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::row::LedgerRow;
use crate::domain::canonical::canonical_text;

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
    let mut text = String::with_capacity(row.data.len() + 256);
    header(row, &mut text);
    canonical_text(&row.data, &mut text)?;
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(text.as_bytes());
    Ok(hasher.finalize().to_vec())
}

fn header(row: &LedgerRow, text: &mut String) {
    let LedgerRow { position, epoch, id, kind, schema_version, stream, actor, .. } = row;
    let micros = row.recorded_at.timestamp_micros();
    // Writing to a String cannot fail.
    let _ = write!(text, "{position}\n{epoch}\n{id}\n{kind}\n{schema_version}\n{stream}\n{micros}\n{actor}\n");
    if let Some(request_id) = row.request_id {
        let _ = write!(text, "{request_id}");
    }
    text.push('\n');
    if let Some(cause) = row.cause {
        let _ = write!(text, "{cause}");
    }
    text.push('\n');
}
