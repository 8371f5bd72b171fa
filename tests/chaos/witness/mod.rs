//! The witness: a small program of its own that stands for the downstream. It accepts only a larger token, or an equal one of
//! the same pod, and keeps a durable record of what it accepted and refused, with its own monotonic time.
//!
//! Absent on purpose: everything of ours but the clock. It would not be a witness if it shared a mistake with the accused.

pub mod book;
pub mod line;
pub mod record;
mod server;

use std::path::{Path, PathBuf};

use self::record::Record;

/// Where the witness listens and what it writes: how the run tells its process.
pub const ENVIRONMENT: &str = "CHAOS_WITNESS";

/// Serves until it is killed, if this process was started as the witness.
pub async fn run() {
    let Some(folder) = std::env::var_os(ENVIRONMENT).map(PathBuf::from) else { return };
    let (record, remembered) = Record::open(&log_in(&folder));
    server::serve(&folder, record, remembered).await;
}

/// The durable record.
pub fn log_in(folder: &Path) -> PathBuf {
    folder.join("witness.jsonl")
}

/// Where it says on which port it listens.
pub fn port_in(folder: &Path) -> PathBuf {
    folder.join("witness.port")
}
