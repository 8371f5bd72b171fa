//! How long the pod may trust its leases, from the heartbeats that were answered. Pure: times come in, deadlines go out.
//!
//! One heartbeat renews all leases of a pod, so one moment says it all: the *start* of the last request that was answered
//! (design 9). The arithmetic is [`crate::domain::lease`]'s.

use std::time::Duration;

use crate::connector::context::Term;
use crate::domain::adapter::{LeaseTtl, Mode, OnLeaseLoss};
use crate::domain::lease;
use crate::domain::token::Epoch;
use crate::wire::pod::LeaseGrant;

/// The answered heartbeats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Trust {
    /// Since boot.
    answered: Option<Duration>,
    /// The newest that any statement told of.
    epoch: Option<Epoch>,
}

impl Trust {
    /// A registration whose request began at `sent` was answered. The process held nothing before.
    pub(super) fn registered(&mut self, sent: Duration, epoch: Epoch) {
        self.heard_of(epoch);
        self.answered = self.answered.max(Some(sent));
    }

    /// A heartbeat whose request began at `sent` and named an epoch was answered in one. Answers may overtake each other.
    ///
    /// Only one that was sent with knowledge of the epoch renews anything: before, another pod may have been granted the same
    /// session in history that was lost (design 14). An answer of an older epoch comes from an orchestrator that has not noticed.
    pub(super) fn answered(&mut self, sent: Duration, named: Option<Epoch>, epoch: Epoch) {
        self.heard_of(epoch);
        if named == Some(epoch) && self.epoch == Some(epoch) {
            self.answered = self.answered.max(Some(sent));
        }
    }

    pub(super) fn heard_of(&mut self, epoch: Epoch) {
        self.epoch = self.epoch.max(Some(epoch));
    }

    pub(super) fn epoch(self) -> Option<Epoch> {
        self.epoch
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grant(mode: Mode, on_lease_loss: OnLeaseLoss) -> LeaseGrant {
        let json = serde_json::json!({
            "session": "a/0", "token": "1", "ttl_ms": 5000, "desired": "run", "adapter": "a", "revision": 1, "connector": "tcp",
            "mode": mode, "on_lease_loss": on_lease_loss, "artifacts": [], "settings": {}
        });
        serde_json::from_value(json).expect("a grant")
    }

    #[test]
    fn only_sessions_of_which_there_may_be_two_outlive_their_lease() {
        let term = |mode, policy| Trust::default().term(&grant(mode, policy), LeaseTtl::DEFAULT);
        assert_eq!(term(Mode::LoadBalanced, OnLeaseLoss::Continue), Term::FOR_EVER);
        for (mode, policy) in [(Mode::Exclusive, OnLeaseLoss::Continue), (Mode::LoadBalanced, OnLeaseLoss::Stop)] {
            assert_eq!(term(mode, policy).until, Duration::ZERO, "without an answered heartbeat there is no trust");
        }
    }

    /// Whoever spoke before it knew of the epoch, or to somebody who does not know of it, has not been renewed.
    #[test]
    fn only_an_answer_to_who_knows_the_epoch_extends_trust() {
        let (second, ttl) = (Duration::from_secs, ttl(5000));
        let mut trust = Trust::default();
        trust.registered(second(1), Epoch(1));
        let before = trust.until(ttl);
        trust.answered(second(2), Some(Epoch(1)), Epoch(7));
        assert_eq!((trust.until(ttl), trust.epoch()), (before, Some(Epoch(7))), "sent before it knew");
        trust.answered(second(3), Some(Epoch(1)), Epoch(1));
        assert_eq!(trust.until(ttl), before, "answered by an orchestrator of the lost history");
        trust.answered(second(4), None, Epoch(7));
        assert_eq!(trust.until(ttl), before);
        trust.answered(second(5), Some(Epoch(7)), Epoch(7));
        assert_eq!(trust.until(ttl), lease::trust_deadline(second(5), ttl));
    }

    proptest! {
        /// In whatever order answers come: trust is as long as the latest request that was answered gives, and never shrinks.
        #[test]
        fn trust_counts_from_the_latest_request_that_was_answered(
            sent in prop::collection::vec(0_u64..100_000, 1..20),
            millis in 500_u32..=3_600_000,
        ) {
            let (lease, ttl) = (grant(Mode::Exclusive, OnLeaseLoss::Stop), ttl(millis));
            let mut trust = Trust::default();
            trust.heard_of(Epoch(1));
            let mut known = trust.term(&lease, ttl);
            for &sent in &sent {
                trust.answered(Duration::from_millis(sent), Some(Epoch(1)), Epoch(1));
                let term = longer(known, trust.term(&lease, ttl));
                prop_assert!(term.until >= known.until);
                known = term;
            }
            let latest = sent.iter().max().map_or(Duration::ZERO, |&sent| Duration::from_millis(sent));
            prop_assert_eq!(known.until, lease::trust_deadline(latest, ttl));
            prop_assert!(known.stop_at() < known.force_at() && known.force_at() < known.kill_at() && known.kill_at() < known.until);
            // A lost try or two cost no session.
            prop_assert!(try_timeout(Some(ttl), Duration::ZERO) * 2 < known.until.saturating_sub(latest));
        }
    }
}
