//! Ends the leases of silent pods. The claims of the successors follow in the same append.

use std::time::Duration;

use super::{Draft, epoch};
use crate::domain::adapter::LeaseTtl;
use crate::domain::event::{LeaseExpired, PodLost};
use crate::domain::fleet::{Fleet, Lease, RegistrationState};
use crate::domain::lease::safety_margin;
use crate::domain::name::{RegistrationId, SessionId};
use crate::domain::placement::Observed;
use crate::domain::refusal::Refusal;

pub(super) fn expire(draft: &mut Draft, observed: &impl Observed) -> Result<(), Refusal> {
    epoch::end_unconfirmed(draft, observed)?;
    // Looked up before anything ends: the last lease of the shortest timeout must not take its owner's silence with it.
    let lost_after = lost_after(&draft.fleet);
    let registrations: Vec<RegistrationId> = draft.fleet.registrations().map(|(id, _)| id).collect();
    for id in registrations {
        for expired in due(&draft.fleet, id, observed) {
            draft.propose(expired, None)?;
        }
        if let Some(lost) = lost(&draft.fleet, id, lost_after, observed) {
            draft.propose(lost, None)?;
        }
    }
    // Last, because the lease that the epoch waited for may just have ended.
    epoch::settle(draft, observed)
}

fn due(fleet: &Fleet, id: RegistrationId, observed: &impl Observed) -> Vec<LeaseExpired> {
    let mut due = Vec::new();
    for (session, lease) in fleet.leases_of(id) {
        let silence = observed.silence(id, lease.ttl);
        if silence >= lease.ttl.as_duration() {
            due.push(expired(session, lease, silence));
        }
    }
    due
}

/// The end of a lease of whose owner nothing was heard for so long, or in a new epoch nothing that confirms it.
pub(super) fn expired(session: &SessionId, lease: &Lease, silence: Duration) -> LeaseExpired {
    LeaseExpired {
        session: session.clone(),
        token: lease.token,
        pod: lease.holder.pod.clone(),
        incarnation: lease.holder.incarnation.clone(),
        silence_ms: millis(silence),
        ttl_ms: lease.ttl,
        safety_margin_ms: millis(safety_margin(silence, lease.ttl)),
    }
}

/// A pod without leases is lost once it would have lost any: it must not be chosen as a successor.
fn lost(fleet: &Fleet, id: RegistrationId, lost_after: LeaseTtl, observed: &impl Observed) -> Option<PodLost> {
    let registration = fleet.registration(id)?;
    let silence = observed.silence(id, lost_after);
    let over = registration.state != RegistrationState::Superseded && registration.leases.is_empty();
    (over && silence >= lost_after.as_duration()).then(|| PodLost {
        pod: registration.holder.pod.clone(),
        incarnation: registration.holder.incarnation.clone(),
        registration: id,
        silence_ms: millis(silence),
    })
}

/// The timeout after which a pod without leases is lost: the shortest in use.
#[must_use]
pub fn lost_after(fleet: &Fleet) -> LeaseTtl {
    fleet.shortest_ttl()
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
