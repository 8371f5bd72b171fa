//! What a connector knows about its lease: until when it may be trusted, by the boot-time clock.

use std::time::Duration;

use tokio::sync::watch;

use super::context::StopSignal;
use crate::time::since_boot;

/// How long a lease is trusted, as of the last answered heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// Since boot. Nothing may be written from here on.
    pub until: Duration,
    /// How long before that the session begins to stop.
    pub lead: Duration,
}

impl Term {
    /// For sessions that may carry on without their lease.
    pub const FOR_EVER: Self = Self { until: Duration::MAX, lead: Duration::ZERO };

    /// When the session begins to stop in order.
    #[must_use]
    pub fn stop_at(self) -> Duration {
        self.until.saturating_sub(self.lead)
    }

    /// When it is stopped by force.
    #[must_use]
    pub fn force_at(self) -> Duration {
        self.until.saturating_sub(self.lead / 2)
    }

    /// When the last means is used, so that nothing of the session is left at the deadline.
    #[must_use]
    pub fn kill_at(self) -> Duration {
        self.until.saturating_sub(self.lead / 4)
    }
}

/// A lease that a connector runs under.
#[derive(Debug, Clone)]
pub struct TrustedLease {
    term: watch::Receiver<Term>,
    stop: StopSignal,
}

impl TrustedLease {
    pub(super) fn new(term: watch::Receiver<Term>, stop: StopSignal) -> Self {
        Self { term, stop }
    }

    /// Whether the session may still write. Reads the clock: right after a pause of the process, the answer is right.
    #[must_use]
    pub fn still_trusted(&self) -> bool {
        since_boot() < self.term.borrow().until && !self.stop.is_forced()
    }

    #[must_use]
    pub fn term(&self) -> Term {
        *self.term.borrow()
    }

    /// Waits until the term changes. Pending for ever once nobody can change it any more.
    pub async fn changed(&mut self) -> Term {
        if self.term.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        *self.term.borrow_and_update()
    }
}

/// Waits until that time since boot.
///
/// Timers do not count the time that a machine is suspended; looking at the clock now and then bounds how late this can be.
pub async fn reached(at: Duration) {
    const LOOK: Duration = Duration::from_millis(250);
    loop {
        let left = at.saturating_sub(since_boot());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LOOK)).await;
    }
}
