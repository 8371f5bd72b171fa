//! Where a connector's entries for the event log go.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::mpsc;

use crate::domain::entry::{Category, Level};
use crate::domain::name::SessionId;
use crate::domain::token::FencingToken;
use crate::wire::log::NewEntry;

/// Entries that one run of a session may write. The event log is kept for ever, and a connector that says the same thing each
/// second would fill it; the pod's own log has the rest.
const MOST: u32 = 1000;

/// The journal of one run of a session. Without a reader, entries only reach the pod's own log.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    entries: Option<mpsc::Sender<NewEntry>>,
    written: Arc<AtomicU32>,
}

impl Journal {
    #[must_use]
    pub fn new(entries: mpsc::Sender<NewEntry>) -> Self {
        Self { entries: Some(entries), written: Arc::default() }
    }

    /// The same destination with a count of its own.
    #[must_use]
    pub fn for_another_run(&self) -> Self {
        Self { entries: self.entries.clone(), written: Arc::default() }
    }

    pub(super) fn write(&self, session: &SessionId, token: FencingToken, level: Level, category: Category, message: &str) {
        let Some(entries) = &self.entries else { return };
        match self.written.fetch_add(1, Ordering::Relaxed) {
            before if before < MOST => {}
            MOST => {
                tracing::warn!(%session, "wrote {MOST} entries; the event log takes no more of this run");
                return;
            }
            _ => return,
        }
        let entry = NewEntry { session: session.clone(), token, level, category, message: message.to_owned() };
        if entries.try_send(entry).is_err() {
            tracing::warn!(%session, "too many entries wait for the event log; this one is only in the pod's log");
        }
    }
}
