//! The connection of the core: what a failure means, and the way back.

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::{Core, Trouble};
use crate::log::{LogError, event_id_at, load_fleet};
use crate::orchestrator::link::Link;
use crate::orchestrator::state::State;

impl Core {
    /// Sorts an error of the log. Unless the server itself refused the statement, the connection is given up.
    pub(super) fn broken(&mut self, error: &LogError) -> Trouble {
        if error.is_definite() && error.refuses_content() {
            return Trouble::Refused(error.to_string());
        }
        tracing::warn!(%error, "lost the log");
        self.outlets.trouble.send_replace(Some(error.to_string().into()));
        if let LogError::Sealed { .. } = error {
            // We slept for longer than events stay in the table.
            self.loaded = false;
        }
        if matches!(error, LogError::Corrupt(_) | LogError::Unreadable(_)) {
            tracing::error!(%error, "the log cannot be folded: loading the projections anew");
            self.loaded = false;
        }
        self.link = None;
        self.next_connect = Instant::now();
        self.outlets.metrics.connected.set(0);
        Trouble::Unknown
    }

    /// Gets over what kept a request from being carried out, if there is time for it.
    pub(super) async fn recover(&mut self, trouble: Trouble, deadline: Instant) -> bool {
        match trouble {
            Trouble::Unknown => self.reconnect_until(deadline).await,
            Trouble::Stale | Trouble::Refused(_) => true,
        }
    }

    pub(super) async fn reconnect_until(&mut self, deadline: Instant) -> bool {
        while Instant::now() < deadline {
            self.connect().await;
            if self.link.is_some() {
                return true;
            }
            sleep_until(self.next_connect.min(deadline)).await;
        }
        false
    }

    pub(super) async fn connect(&mut self) {
        match self.try_connect().await {
            // Connected, and lost again while it caught up: that has been told.
            Ok(()) if self.link.is_none() => self.next_connect = Instant::now() + self.backoff.next(),
            Ok(()) => {
                self.backoff.reset();
                self.outlets.trouble.send_replace(None);
                self.outlets.metrics.connected.set(1);
                self.outlets.metrics.reconnects.inc();
            }
            Err(error) => {
                let trouble: Arc<str> = error.to_string().into();
                if self.outlets.trouble.send_replace(Some(trouble.clone())) != Some(trouble) {
                    tracing::warn!(%error, "cannot reach the log; trying on");
                }
                self.link = None;
                self.next_connect = Instant::now() + self.backoff.next();
            }
        }
    }

    async fn try_connect(&mut self) -> Result<(), LogError> {
        let mut link = Link::open(&self.database_url).await?;
        let (_, goes_on) = self.check_history(&mut link.connection).await?;
        if !goes_on {
            let (fleet, head) = load_fleet(&mut link.connection).await?;
            self.state = State::new(fleet, &head, Instant::now(), self.state.receipts.clone());
            let last = event_id_at(&link.connection, head.ledger_position).await?;
            self.state.last = last.map(|id| (head.ledger_position, id));
            self.loaded = true;
        }
        self.link = Some(link);
        if self.catch_up().await.is_ok() {
            tracing::info!(position = self.state.position, epoch = self.state.fleet.epoch().0, "following the log");
            self.state.publish(&self.outlets);
        }
        Ok(())
    }
}
