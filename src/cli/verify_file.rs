//! `verify --file`: an export, checked without a database.

use std::path::{Path, PathBuf};

use ed25519_dalek::VerifyingKey;

use super::output;
use crate::audit::export::{KeyProblem, Ledger, check_file, read_verify_key};

/// Checks files that continue each other, and says what they hold.
pub(super) fn run(files: &[PathBuf], key: Option<&Path>) -> anyhow::Result<()> {
    let trusted = public_key(key)?;
    output::line(&summary(&check_file(files, trusted)?, trusted.is_some()))
}

pub(super) fn public_key(path: Option<&Path>) -> Result<Option<VerifyingKey>, KeyProblem> {
    path.map(read_verify_key).transpose()
}

/// What was found, and what was not looked at.
pub(super) fn summary(ledger: &Ledger, trusted: bool) -> String {
    let Ledger { first_position, last_position, count, hash, signed_heads, .. } = ledger;
    let mut lines =
        vec![format!("{count} events from position {first_position} to {last_position} are as they were written; the last hash is {hash}")];
    lines.push(match &ledger.signed_by {
        Some(_) if trusted => format!("heads signed with the key that was given: {signed_heads}"),
        Some(key) => format!("heads signed with the key {key}: {signed_heads}; name the one that you trust with --verify-key"),
        None => "nothing is signed: compare the last hash with one that you have from elsewhere".into(),
    });
    if !ledger.from_the_beginning {
        lines.push(format!("what came before position {first_position} is not in these files, so the history was not folded"));
    }
    lines.join("\n")
}
