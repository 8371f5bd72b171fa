//! What a new epoch excuses: a lease of an earlier one ends unless its owner, who trusted it still, confirmed it.

use std::time::Duration;

use crate::evidence::Evidence;
use crate::ledger::Event;

/// A pod's last answered heartbeat may be this old when an outage begins.
const HEARTBEAT: Duration = Duration::from_millis(350);

/// An outage may take this much longer than what caused it, until the database is reached again.
const RETURN: Duration = Duration::from_secs(3);

/// The epoch for which a lease ended, if it ended because nobody confirmed it.
pub(super) fn unconfirmed<'a>(evidence: &'a Evidence, ended: &Event) -> Option<&'a Event> {
    let token = ended.token();
    if token >> 40 == i64::from(ended.epoch) {
        return None;
    }
    let began = evidence.ledger.iter().rev().find(|event| event.kind == "EpochBegan" && event.position < ended.position)?;
    let confirmed = |event: &Event| event.kind == "LeaseConfirmed" && event.token() == token && event.position > began.position;
    let of_an_earlier_one = ended.kind == "LeaseExpired" && token >> 40 < i64::from(began.epoch);
    (of_an_earlier_one && !evidence.ledger.iter().any(confirmed)).then_some(began)
}

/// Whether its owner could not have trusted the lease any more when the epoch began: the outage before had lasted for too long.
pub(super) fn outlasted(evidence: &Evidence, began: &Event, ended: &Event) -> bool {
    let (at, ttl) = (evidence.recorded(began.position), Duration::from_millis(ended.data["ttl_ms"].as_u64().unwrap_or_default()));
    let outage =
        evidence.faults.iter().filter(|fault| fault.span.from < at && fault.span.to + RETURN > at).map(|fault| fault.span.from).min();
    let lasted = outage.map_or(Duration::ZERO, |from| at.saturating_sub(from));
    // Pods stop when four fifths of the timeout are over.
    lasted + HEARTBEAT + evidence.stall_within(at.saturating_sub(ttl), at) > ttl * 4 / 5
}
