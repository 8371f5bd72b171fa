//! How long the pod may trust its leases, from the heartbeats that were answered. Pure: times come in, deadlines go out.
//!
//! One heartbeat renews all leases of a pod, so one moment says it all: the *start* of the last request that was answered
//! (design 9). The arithmetic is [`crate::domain::lease`]'s.

use std::time::Duration;

use crate::connector::context::Term;
use crate::domain::adapter::{LeaseTtl, Mode, OnLeaseLoss};
use crate::domain::lease;
use crate::wire::pod::LeaseGrant;

/// The answered heartbeats.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Trust {
    /// Since boot.
    answered: Option<Duration>,
}

impl Trust {
    /// A heartbeat or registration whose request began at `sent` was answered. Answers may overtake each other.
    pub(super) fn answered(&mut self, sent: Duration) {
        self.answered = self.answered.max(Some(sent));
    }

    /// How long a lease is trusted. Without any answered heartbeat: not at all.
    pub(super) fn term(self, grant: &LeaseGrant, ttl: LeaseTtl) -> Term {
        if may_outlive_its_lease(grant) {
            return Term::FOR_EVER;
        }
        let until = self.answered.map_or(Duration::ZERO, |sent| lease::trust_deadline(sent, ttl));
        Term { until, lead: lease::stop_lead(ttl) }
    }

    /// Until when a lease of that timeout is trusted, whatever its session does about it.
    pub(super) fn until(self, ttl: LeaseTtl) -> Duration {
        self.answered.map_or(Duration::ZERO, |sent| lease::trust_deadline(sent, ttl))
    }
}

/// Exclusive sessions never do, whatever their adapter says.
pub(super) fn may_outlive_its_lease(grant: &LeaseGrant) -> bool {
    grant.mode != Mode::Exclusive && grant.on_lease_loss == OnLeaseLoss::Continue
}

/// A lease timeout as it came over the wire. One that is out of bounds is taken for the shortest: too little trust is safe.
pub(super) fn ttl(millis: u32) -> LeaseTtl {
    LeaseTtl::from_millis(millis).unwrap_or(LeaseTtl::MIN)
}

/// The term after one more answered heartbeat: trust that was given is never taken back.
pub(super) fn longer(known: Term, news: Term) -> Term {
    Term { until: known.until.max(news.until), lead: news.lead }
}

/// How long one try of a heartbeat may take: three fit into the time for which the shortest lease is trusted.
pub(super) fn try_timeout(shortest: Option<LeaseTtl>, interval: Duration) -> Duration {
    const LEAST: Duration = Duration::from_millis(200);
    shortest.map_or(interval, |ttl| lease::trust_deadline(Duration::ZERO, ttl) / 3).max(LEAST)
}

/// How often the deadlines are looked at, whatever else happens.
pub(super) fn look(shortest: Option<LeaseTtl>) -> Duration {
    let margin = lease::margin(shortest.unwrap_or(LeaseTtl::MAX));
    (margin / 4).clamp(Duration::from_millis(10), Duration::from_millis(250))
}
