//! The hash chain of the ledger, link by link: the same bytes as the SQL function `event_hash` makes (schema/V14__leaner_appends.sql).

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::row::{LedgerRow, RowRef};
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
    Ok(link_within(previous, &row.borrowed(), &mut String::with_capacity(row.data.len() + 256))?.to_vec())
}

/// The same for row after row: `text` is room that they share.
pub(super) fn link_within(previous: &[u8], row: &RowRef<'_>, text: &mut String) -> Result<[u8; 32], serde_json::Error> {
    text.clear();
    header(row, text);
    canonical_text(row.data, text)?;
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(text.as_bytes());
    Ok(hasher.finalize().into())
}

fn header(row: &RowRef<'_>, text: &mut String) {
    let RowRef { position, epoch, id, kind, schema_version, stream, actor, .. } = row;
    let micros = row.recorded_at.timestamp_micros();
    let mut room = [0; uuid::fmt::Hyphenated::LENGTH];
    // Writing to a String cannot fail.
    let _ = write!(text, "{position}\n{epoch}\n");
    text.push_str(id.hyphenated().encode_lower(&mut room));
    for field in ["\n", kind, "\n"] {
        text.push_str(field);
    }
    let _ = writeln!(text, "{schema_version}");
    text.push_str(stream);
    let _ = write!(text, "\n{micros}\n");
    text.push_str(actor);
    text.push('\n');
    if let Some(request_id) = row.request_id {
        text.push_str(request_id.hyphenated().encode_lower(&mut room));
    }
    text.push('\n');
    if let Some(cause) = row.cause {
        let _ = write!(text, "{cause}");
    }
    text.push('\n');
}
