//! The task that passes on what connectors say, for the event logs of their adapters.
//!
//! Entries are kept for ever once they are in the log, so there is a limit to how much a connector may say; and they are for
//! people, so losing some when no orchestrator can be reached costs no more than that.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;
use uuid::Uuid;

use super::link::Link;
use crate::connector::backoff::Backoff;
use crate::domain::entry::MAX_ENTRIES;
use crate::wire::log::NewEntry;

/// Entries that may wait. Beyond it the newest are dropped.
pub(super) const WAITING: usize = 1000;

/// Entries travel together.
const GATHER: Duration = Duration::from_millis(200);

pub(super) struct Scribe {
    pub(super) link: Link,
    pub(super) entries: mpsc::Receiver<NewEntry>,
}

impl Scribe {
    pub(super) async fn run(mut self) {
        while let Some(first) = self.entries.recv().await {
            sleep(GATHER).await;
            let mut batch = vec![first];
            while batch.len() < MAX_ENTRIES
                && let Ok(entry) = self.entries.try_recv()
            {
                batch.push(entry);
            }
            self.send(batch).await;
        }
    }

    /// Sends a batch under one key until it is answered, so that it is in the log once.
    async fn send(&self, batch: Vec<NewEntry>) {
        let key = Uuid::new_v4();
        let mut pause = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
        loop {
            match self.link.log(key, batch.clone()).await {
                Ok(answer) => {
                    for refused in answer.refused {
                        tracing::debug!(session = %refused.session, "an entry for the event log came too late: {}", refused.reason);
                    }
                    return;
                }
                Err(error) if error.is_passing() => sleep(pause.next_pause()).await,
                Err(error) => {
                    tracing::warn!("{} entries for the event log are lost: {error}", batch.len());
                    return;
                }
            }
        }
    }
}
