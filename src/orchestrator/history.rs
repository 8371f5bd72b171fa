//! Whether a database still is what was acknowledged (design 14). Pure.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::domain::adapter::LeaseTtl;
use crate::domain::event::EpochCause;
use crate::domain::fleet::Fleet;
use crate::domain::token::Epoch;
use crate::log::{Head, Lineage};
use crate::wire::push::AsOf;

/// What an orchestrator remembers of the log from its last connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Remembered {
    pub as_of: AsOf,
    /// The last position of all, pulses included.
    pub position: i64,
    /// Whether the last ledger event that is remembered stands in the log where it stood.
    pub stands: bool,
}

/// Why a new epoch must begin, if it must. `began_in` is what the present one began in, `now_in` what the database is now.
pub(super) fn judge(head: &Head, began_in: &Lineage, now_in: &Lineage, remembered: Option<&Remembered>) -> Option<EpochCause> {
    if differ(began_in.database.as_ref(), now_in.database.as_ref()) {
        return Some(EpochCause::Restored);
    }
    if differ(began_in.timeline.as_ref(), now_in.timeline.as_ref()) {
        return Some(EpochCause::Promoted);
    }
    let lost = |remembered: &Remembered| {
        let shorter = remembered.position > head.position || remembered.as_of.ledger_position > head.ledger_position;
        remembered.as_of.epoch > head.epoch || (remembered.as_of.epoch == head.epoch && (shorter || !remembered.stands))
    };
    remembered.is_some_and(lost).then_some(EpochCause::LostHistory)
}

/// Whether somebody was told of more than there is.
pub(super) fn beyond(fleet: &Fleet, seen: AsOf) -> bool {
    seen > AsOf { epoch: fleet.epoch(), ledger_position: fleet.ledger_position() }
}

fn differ<T: PartialEq>(then: Option<&T>, now: Option<&T>) -> bool {
    matches!((then, now), (Some(then), Some(now)) if then != now)
}

/// The number of a new epoch: above every one that is known, and above those that nobody is left to know of.
///
/// The same backup may be restored twice, the second time with nobody alive who remembers the first. So the number is at least
/// the count of ten minutes since 2026 by the database's clock. That clock can only make the number larger than need be.
pub(super) fn next_epoch(known: Epoch, now: DateTime<Utc>) -> Epoch {
    const START_OF_2026: i64 = 1_767_225_600;
    const TEN_MINUTES: i64 = 600;
    // Half of what a token has room for: a clock that is far ahead must not use the numbers up.
    const LARGEST: i64 = 1 << 22;
    let counted = ((now.timestamp() - START_OF_2026) / TEN_MINUTES).clamp(0, LARGEST);
    Epoch((known.0 + 1).max(i32::try_from(counted).unwrap_or(0)))
}

/// How long somebody may go on by leases that the log does not account for, as far as anybody knows: the longest timeout among
/// those that are remembered, and the wait of an epoch that has not settled yet.
pub(super) fn forgotten_wait(remembered: Option<&Fleet>, found: &Fleet) -> Duration {
    let unsettled = remembered.into_iter().chain([found]).filter_map(Fleet::settling).map(|settling| settling.wait);
    let forgotten = remembered.and_then(|remembered| longest_forgotten(remembered, found)).map(LeaseTtl::as_duration);
    unsettled.chain(forgotten).max().unwrap_or_default()
}

fn longest_forgotten(remembered: &Fleet, found: &Fleet) -> Option<LeaseTtl> {
    let of_adapters = remembered
        .adapters()
        .filter(|(name, adapter)| found.adapter(name).is_none_or(|found| found.spec.lease_ttl_ms < adapter.spec.lease_ttl_ms));
    let of_adapters = of_adapters.map(|(_, adapter)| adapter.spec.lease_ttl_ms);
    let unknown = remembered
        .leases()
        .filter(|(id, lease)| found.session(id).and_then(|session| session.lease.as_ref()).is_none_or(|found| found.token != lease.token));
    of_adapters.chain(unknown.map(|(_, lease)| lease.ttl)).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{EpochBegan, Recorded};
    use crate::domain::evolve::evolve;

    fn head(epoch: i32, position: i64, ledger_position: i64) -> Head {
        Head { epoch: Epoch(epoch), position, ledger_position, recorded_at: DateTime::UNIX_EPOCH }
    }

    fn lineage(database: &str, timeline: i64) -> Lineage {
        Lineage { database: Some(database.into()), timeline: Some(timeline) }
    }

    fn remembered(epoch: i32, position: i64, ledger_position: i64, stands: bool) -> Remembered {
        Remembered { as_of: AsOf { epoch: Epoch(epoch), ledger_position }, position, stands }
    }

    #[test]
    fn the_same_database_with_all_that_is_remembered_goes_on() {
        let here = lineage("7/5", 1);
        assert_eq!(judge(&head(1, 100, 90), &here, &here, None), None);
        assert_eq!(judge(&head(1, 100, 90), &here, &here, Some(&remembered(1, 80, 80, true))), None);
        let after_another = Some(&remembered(1, 200, 200, false));
        assert_eq!(judge(&head(2, 100, 90), &here, &here, after_another), None, "that loss has had its epoch");
    }

    #[test]
    fn another_database_or_timeline_is_another_history() {
        let here = lineage("7/5", 1);
        assert_eq!(judge(&head(1, 100, 90), &here, &lineage("8/5", 1), None), Some(EpochCause::Restored));
        assert_eq!(judge(&head(1, 100, 90), &here, &lineage("7/5", 2), None), Some(EpochCause::Promoted));
        let hidden = Lineage::default();
        assert_eq!(judge(&head(1, 100, 90), &here, &hidden, None), None, "what is not told says nothing");
        assert_eq!(judge(&head(1, 100, 90), &hidden, &here, None), None);
    }

    #[test]
    fn what_is_remembered_must_be_there() {
        let here = lineage("7/5", 1);
        for (lost, why) in [
            (remembered(1, 101, 90, true), "a pulse"),
            (remembered(1, 95, 95, true), "a ledger event"),
            (remembered(1, 80, 80, false), "another event stands there"),
            (remembered(2, 50, 50, true), "a whole epoch"),
        ] {
            assert_eq!(judge(&head(1, 100, 90), &here, &here, Some(&lost)), Some(EpochCause::LostHistory), "{why}");
        }
    }

    /// Whoever was to be waited for still is.
    #[test]
    fn the_wait_of_an_epoch_that_has_not_settled_goes_on_in_the_next() {
        let settling = |wait_ms| {
            let began =
                EpochBegan { previous: Epoch(1), because: EpochCause::Promoted, known: None, database: None, timeline: None, wait_ms };
            let recorded = Recorded {
                position: 1,
                epoch: Epoch(2),
                id: uuid::Uuid::nil(),
                recorded_at: DateTime::UNIX_EPOCH,
                actor: "orchestrator:a".into(),
                request_id: None,
                cause: None,
                event: began.into(),
            };
            evolve(Fleet::new(Epoch(1)), &recorded).expect("folds")
        };
        let (short, long, none) = (settling(500), settling(2000), Fleet::new(Epoch(1)));
        let two_seconds = Duration::from_secs(2);
        assert_eq!(forgotten_wait(Some(&long), &none), two_seconds, "remembered, and lost with its epoch");
        assert_eq!(forgotten_wait(None, &long), two_seconds, "nobody remembers, and the log does");
        assert_eq!(forgotten_wait(Some(&long), &short), two_seconds);
        assert_eq!(forgotten_wait(None, &none), Duration::ZERO);
    }

    #[test]
    fn an_epoch_is_above_those_that_nobody_remembers() {
        let at = |text: &str| text.parse().expect("a time");
        let first = next_epoch(Epoch(1), at("2026-11-23T06:00:00Z"));
        let second = next_epoch(Epoch(1), at("2026-11-23T06:10:00Z"));
        assert!(first < second, "the same backup restored twice");
        assert_eq!(next_epoch(first, at("2026-11-23T06:00:01Z")), Epoch(first.0 + 1));
        assert_eq!(next_epoch(Epoch(7), at("1970-01-01T00:00:00Z")), Epoch(8), "a clock that is behind");
        assert!(next_epoch(Epoch(7), at("9999-01-01T00:00:00Z")).0 <= 1 << 22, "a clock that is ahead");
    }
}
