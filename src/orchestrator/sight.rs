//! What this orchestrator has itself observed of the pods' silence (design 9). Pure: instants come in.
//!
//! Silence counts only while the orchestrator could see the log. It is measured up to the last contact with the database,
//! never up to "now", and starts anew after every gap in sight that is long for the lease in question. So an outage, a paused
//! process or a restart never looks like the silence of pods (I7).

use std::time::Duration;

use imbl::HashMap;
use tokio::time::Instant;

use crate::domain::adapter::LeaseTtl;
use crate::domain::lease;
use crate::domain::name::RegistrationId;
use crate::domain::placement::Observed;

/// A stretch of time without contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Gap {
    length: Duration,
    end: Instant,
}

#[derive(Debug, Clone)]
pub struct Sight {
    heard: HashMap<RegistrationId, Instant>,
    /// Lengths fall from first to last, ends rise: a gap that was followed by a longer one does not matter any more.
    gaps: Vec<Gap>,
    last_contact: Instant,
    epoch_began: Instant,
}

/// Shorter gaps matter to no lease that may be configured.
const SHORTEST_GAP: Duration = Duration::from_millis(100);

impl Sight {
    /// Sight begins: whatever came before was not observed.
    #[must_use]
    pub fn begin(now: Instant) -> Self {
        Self { heard: HashMap::new(), gaps: vec![Gap { length: Duration::MAX, end: now }], last_contact: now, epoch_began: now }
    }

    /// The log was read to its end, or appended to, by a request that began at `at`.
    pub fn contact(&mut self, at: Instant) {
        let length = at.saturating_duration_since(self.last_contact);
        if length >= SHORTEST_GAP {
            self.gaps.retain(|gap| gap.length > length);
            self.gaps.push(Gap { length, end: at });
        }
        self.last_contact = self.last_contact.max(at);
    }

    /// Everything observed so far is void: the log is another one than it was.
    pub fn blind(&mut self, now: Instant) {
        *self = Self::begin(now);
    }

    /// When the present epoch began, or sight if that was later.
    #[must_use]
    pub fn epoch_began(&self) -> Instant {
        self.epoch_began
    }

    /// A sign of life was folded.
    pub fn hear(&mut self, registration: RegistrationId, now: Instant) {
        self.heard.insert(registration, now);
    }

    pub fn forget(&mut self, registration: RegistrationId) {
        self.heard.remove(&registration);
    }

    #[must_use]
    pub fn last_contact(&self) -> Instant {
        self.last_contact
    }

    /// From when on silence counts for a registration and a lease of this timeout.
    #[must_use]
    pub fn silent_since(&self, registration: RegistrationId, ttl: LeaseTtl) -> Instant {
        let limit = lease::sight_limit(ttl);
        let seeing_since = self.gaps.iter().rev().find(|gap| gap.length > limit).map_or(self.last_contact, |gap| gap.end);
        self.heard.get(&registration).map_or(seeing_since, |heard| (*heard).max(seeing_since))
    }

    /// When a registration was last heard of, if this orchestrator ever did.
    #[must_use]
    pub fn heard(&self, registration: RegistrationId) -> Option<Instant> {
        self.heard.get(&registration).copied()
    }
}

impl Observed for Sight {
    fn silence(&self, registration: RegistrationId, ttl: LeaseTtl) -> Duration {
        self.last_contact.saturating_duration_since(self.silent_since(registration, ttl))
    }

    fn since_epoch(&self) -> Duration {
        self.last_contact.saturating_duration_since(self.epoch_began)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: RegistrationId = RegistrationId(1);

    fn ttl() -> LeaseTtl {
        LeaseTtl::from_millis(4000).expect("in bounds")
    }

    /// Contact each 100 ms from `from` to `to`, as polling does.
    fn watch(sight: &mut Sight, start: Instant, from: u64, to: u64) {
        for at in (from..=to).step_by(100) {
            sight.contact(start + Duration::from_millis(at));
        }
    }

    #[test]
    fn silence_counts_from_the_last_heartbeat_while_the_log_is_in_sight() {
        let start = Instant::now();
        let mut sight = Sight::begin(start);
        watch(&mut sight, start, 100, 1000);
        sight.hear(POD, start + Duration::from_secs(1));
        watch(&mut sight, start, 1100, 6000);
        assert_eq!(sight.silence(POD, ttl()), Duration::from_secs(5));
    }

    #[test]
    fn nothing_counts_before_sight_began() {
        let start = Instant::now();
        let mut sight = Sight::begin(start);
        watch(&mut sight, start, 100, 3000);
        assert_eq!(sight.silence(POD, ttl()), Duration::from_secs(3), "a pod never heard of is silent since we look");
    }

    #[test]
    fn a_long_gap_voids_the_silence_before_it_and_of_it() {
        let start = Instant::now();
        let mut sight = Sight::begin(start);
        sight.hear(POD, start);
        watch(&mut sight, start, 100, 3900);
        sight.contact(start + Duration::from_secs(20));
        assert_eq!(sight.silence(POD, ttl()), Duration::ZERO);
        watch(&mut sight, start, 20_100, 23_000);
        assert_eq!(sight.silence(POD, ttl()), Duration::from_secs(3));
    }

    #[test]
    fn a_gap_is_long_for_a_short_lease_and_short_for_a_long_one() {
        let start = Instant::now();
        let mut sight = Sight::begin(start);
        sight.hear(POD, start);
        watch(&mut sight, start, 100, 1000);
        sight.contact(start + Duration::from_secs(3));
        let long = LeaseTtl::from_millis(60_000).expect("in bounds");
        assert_eq!(sight.silence(POD, ttl()), Duration::ZERO);
        assert_eq!(sight.silence(POD, long), Duration::from_secs(3));
    }

    #[test]
    fn time_since_the_last_contact_never_counts() {
        let start = Instant::now();
        let mut sight = Sight::begin(start);
        sight.hear(POD, start);
        watch(&mut sight, start, 100, 2000);
        assert_eq!(sight.silence(POD, ttl()), Duration::from_secs(2), "whatever the clock says now");
    }

    #[test]
    fn only_gaps_that_still_matter_are_remembered() {
        let start = Instant::now();
        let mut sight = Sight::begin(start);
        for minute in 1..=1000 {
            sight.contact(start + Duration::from_mins(1) * minute);
        }
        assert!(sight.gaps.len() <= 2, "{:?}", sight.gaps);
    }
}
