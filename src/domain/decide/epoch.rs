//! What follows from a new epoch (design 14): which leases are confirmed, which end, and when a session may be granted again.
//!
//! A pod may hold a session by a claim that the log has lost. It stops at the latest when the timeout of its lease is over, so
//! nobody is granted a session before that time has passed since the epoch began.
//!
//! A lease that the log still tells of may be over as well, by an expiry that was lost. Its owner's word counts only if the
//! owner knew of the new epoch when it spoke, and trusted the lease at that moment: the lost history had ended by then, and
//! whoever was granted the session in it was granted it after this owner had stopped trusting.

use std::time::Duration;

use super::Draft;
use super::expire::{expired, millis};
use crate::domain::adapter::LeaseTtl;
use crate::domain::command::Report;
use crate::domain::event::{EpochSettled, LeaseExpired};
use crate::domain::fleet::{Fleet, Lease};
use crate::domain::name::SessionId;
use crate::domain::placement::Observed;
use crate::domain::refusal::Refusal;
use crate::domain::token::Epoch;

/// Whether a report of an owner confirms a lease of an earlier epoch.
pub(super) fn confirms(lease: &Lease, known: Option<Epoch>, report: &Report, fleet: &Fleet) -> bool {
    !lease.confirmed && report.trusted && known == Some(fleet.epoch())
}

/// Whether a session may be granted: not while somebody may hold it by what was lost.
pub(super) fn may_grant(fleet: &Fleet, session: &SessionId, observed: &impl Observed) -> bool {
    let Some(settling) = fleet.settling() else { return true };
    let ttl = fleet.adapter(&session.adapter).map_or(Duration::ZERO, |adapter| adapter.spec.lease_ttl_ms.as_duration());
    observed.since_epoch() >= ttl.max(settling.wait)
}

/// How long an epoch takes to settle.
#[must_use]
pub fn settles_after(fleet: &Fleet) -> Option<Duration> {
    let longest = fleet.longest_ttl().map_or(Duration::ZERO, LeaseTtl::as_duration);
    fleet.settling().map(|settling| settling.wait.max(longest))
}

/// Ends the leases that were not confirmed for as long as they last.
pub(super) fn end_unconfirmed(draft: &mut Draft, observed: &impl Observed) -> Result<(), Refusal> {
    let Some(settling) = draft.fleet.settling() else { return Ok(()) };
    let waited = observed.since_epoch();
    let unconfirmed = draft.fleet.leases().filter(|(_, lease)| !lease.confirmed && waited >= lease.ttl.as_duration());
    let over: Vec<LeaseExpired> = unconfirmed.map(|(session, lease)| expired(session, lease, waited)).collect();
    for expired in over {
        draft.propose(expired, Some(settling.began))?;
    }
    Ok(())
}

/// Ends the wait when no lease is left that could come up again.
pub(super) fn settle(draft: &mut Draft, observed: &impl Observed) -> Result<(), Refusal> {
    let (Some(settling), Some(settles_after)) = (draft.fleet.settling(), settles_after(&draft.fleet)) else { return Ok(()) };
    let waited = observed.since_epoch();
    if waited >= settles_after {
        draft.propose(EpochSettled { waited_ms: millis(waited) }, Some(settling.began))?;
    }
    Ok(())
}
