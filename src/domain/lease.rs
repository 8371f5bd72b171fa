//! The arithmetic of leases: who may trust what for how long (design 9). All durations, no clocks.
//!
//! A pod counts from the *start* of its last answered heartbeat request; an orchestrator counts from the moment at which it
//! *folded* that heartbeat, which is later. So `silence >= ttl` at an orchestrator implies that the pod's own deadline,
//! `start + ttl - margin`, passed at least `margin` ago. The margin pays for clocks that run at different rates and for the
//! time that a forced stop takes.

use std::time::Duration;

use super::adapter::LeaseTtl;

/// How much earlier than the lease timeout a pod stops trusting a lease: a tenth of it, 50 ms to 1 s.
#[must_use]
pub fn margin(ttl: LeaseTtl) -> Duration {
    (ttl.as_duration() / 10).clamp(Duration::from_millis(50), Duration::from_secs(1))
}

/// Until when a pod trusts a lease, by its own boot-time clock: `sent` is the start of its last answered heartbeat request.
#[must_use]
pub fn trust_deadline(sent: Duration, ttl: LeaseTtl) -> Duration {
    sent + trusted_for(ttl)
}

/// How long after the start of a heartbeat request its leases are trusted.
fn trusted_for(ttl: LeaseTtl) -> Duration {
    ttl.as_duration().saturating_sub(margin(ttl))
}

/// How long before its trust deadline a pod begins to stop an exclusive session, so that force is rarely needed.
#[must_use]
pub fn stop_lead(ttl: LeaseTtl) -> Duration {
    margin(ttl)
}

/// How often a pod heartbeats: four times in the shortest lease timeout in use, but at least every 5 s.
#[must_use]
pub fn heartbeat_interval(shortest: LeaseTtl) -> Duration {
    (shortest.as_duration() / 4).min(Duration::from_secs(5))
}

/// How long an orchestrator may lose sight of the log before all silence that it counted for leases of this timeout is void.
///
/// Shorter than the time between an outage's end and the pods' next heartbeats would be too strict, longer than the timeout
/// would let an outage look like silence (I7).
#[must_use]
pub fn sight_limit(ttl: LeaseTtl) -> Duration {
    ttl.as_duration() / 4
}

/// How often an orchestrator looks at the log if nothing wakes it: often enough for [`sight_limit`] with room to spare.
#[must_use]
pub fn poll_interval(shortest: LeaseTtl) -> Duration {
    (shortest.as_duration() / 16).clamp(Duration::from_millis(25), Duration::from_millis(500))
}

/// How long ago the pod must have stopped trusting a lease that is expired after `silence`.
#[must_use]
pub fn safety_margin(silence: Duration, ttl: LeaseTtl) -> Duration {
    silence.saturating_sub(trusted_for(ttl))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever the timeout: a pod has stopped before anyone may expire it, even if its heartbeat took no time at all.
        #[test]
        fn a_pod_stops_before_it_can_be_expired(ttl in 500_u32..=3_600_000, sent in 0_u64..1 << 40, delay in 0_u64..1 << 40) {
            let ttl = LeaseTtl::from_millis(ttl).expect("in bounds");
            let sent = Duration::from_millis(sent);
            let folded = sent + Duration::from_millis(delay);
            let earliest_expiry = folded + ttl.as_duration();
            prop_assert!(trust_deadline(sent, ttl) + margin(ttl) <= earliest_expiry);
            prop_assert!(trust_deadline(sent, ttl) > sent + stop_lead(ttl), "there is time to run");
        }

        /// Several heartbeats fit between two deadlines, and several looks at the log into the limit of sight.
        #[test]
        fn intervals_leave_room_for_a_lost_one(ttl in 500_u32..=3_600_000) {
            let ttl = LeaseTtl::from_millis(ttl).expect("in bounds");
            prop_assert!(heartbeat_interval(ttl) * 3 <= trusted_for(ttl));
            prop_assert!(poll_interval(ttl) * 2 <= sight_limit(ttl));
        }
    }
}
