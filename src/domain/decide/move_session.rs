//! Orders a planned move of one session to a named pod.

use super::{Draft, assign, epoch};
use crate::domain::command::MoveSession;
use crate::domain::fleet::Fleet;
use crate::domain::name::RegistrationId;
use crate::domain::placement::{self, Observed};
use crate::domain::refusal::Refusal;

pub(super) fn move_session(draft: &mut Draft, order: &MoveSession, observed: &impl Observed) -> Result<(), Refusal> {
    let to = judge(&draft.fleet, order, observed)?;
    assign::order_move(draft, &order.session, to, None)
}

/// Whether the session could be moved there now, and to which start of that pod.
pub fn judge(fleet: &Fleet, order: &MoveSession, observed: &impl Observed) -> Result<RegistrationId, Refusal> {
    let MoveSession { session, to } = order;
    let adapter = fleet.adapter(&session.adapter).ok_or_else(|| Refusal::AdapterUnknown(session.adapter.clone()))?;
    let entry = fleet.session(session).ok_or_else(|| Refusal::SessionUnknown(session.clone()))?;
    let (id, target) = fleet.pod(to).ok_or_else(|| Refusal::PodUnknown(to.clone()))?;
    if !adapter.enabled {
        return Err(Refusal::AdapterDisabled(session.adapter.clone()));
    }
    // Still owned, but its adapter has fewer replicas now: it is closing for good.
    if !fleet.wants(session) {
        return Err(Refusal::SessionUnknown(session.clone()));
    }
    let lease = entry.lease.as_ref().ok_or_else(|| Refusal::NotOwned(session.clone()))?;
    if lease.registration == id {
        return Err(Refusal::OwnedAlready { session: session.clone(), pod: to.clone() });
    }
    if let Some(target) = &lease.moving_to {
        return Err(Refusal::MovingAlready { session: session.clone(), to: target.pod.clone() });
    }
    if !epoch::may_grant(fleet, session, observed) {
        return Err(Refusal::EpochSettling { session: session.clone(), epoch: fleet.epoch() });
    }
    let silence = observed.silence(id, adapter.spec.lease_ttl_ms);
    match placement::fits(fleet, target, &adapter.spec, silence) {
        Ok(()) => Ok(id),
        Err(why) => Err(Refusal::CannotRunThere { session: session.clone(), pod: to.clone(), why }),
    }
}
