//! Gives vacant sessions to pods, and sessions of draining pods a place to go.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{Draft, epoch};
use crate::domain::event::{AdapterEnabled, AdapterRevised, ClaimKind, Event, SessionClaimed, SessionMoveOrdered};
use crate::domain::fleet::{Fleet, Vacated};
use crate::domain::name::{AdapterName, PodName, RegistrationId, SessionId};
use crate::domain::placement::{self, Observed};
use crate::domain::refusal::Refusal;
use crate::domain::token::Position;

/// Claims every vacant session that some pod can run, highest priority first. Never takes a session from a living owner: a
/// draining one is asked to hand over, and only what another pod has room for.
pub(super) fn assign(draft: &mut Draft, observed: &impl Observed) -> Result<(), Refusal> {
    let causes = Causes::of(draft);
    // Room only shrinks from here on, so where one session of an adapter has no place, none of the others has.
    let mut without_place = BTreeSet::new();
    for session in waiting(draft) {
        if without_place.contains(&session.adapter) || !epoch::may_grant(&draft.fleet, &session, observed) {
            continue;
        }
        match placement::choose(&draft.fleet, &session, None, observed) {
            Ok(registration) => give(draft, &session, registration, None, causes.for_adapter(&session.adapter))?,
            Err(_) => drop(without_place.insert(session.adapter)),
        }
    }
    hand_over_from_draining(draft, causes.first, observed)
}

/// Vacant sessions, first served first. Before all others come those that closed just now in order to move: they ran, and
/// closed because room was promised to them.
fn waiting(draft: &Draft) -> Vec<SessionId> {
    let (mut waiting, others): (Vec<_>, Vec<_>) = draft.fleet.vacancies().partition(|session| draft.promised.contains(session));
    waiting.extend(others);
    waiting.into_iter().cloned().collect()
}

/// Which of the command's own events led to an assignment: the one about the session's adapter, else the first. Taken before
/// anything is assigned, because one assignment does not lead to the next.
struct Causes {
    first: Option<Position>,
    by_adapter: BTreeMap<AdapterName, Position>,
}

impl Causes {
    fn of(draft: &Draft) -> Self {
        let mut by_adapter = BTreeMap::new();
        for (position, event) in draft.proposed() {
            if let Event::AdapterEnabled(AdapterEnabled { adapter, .. }) | Event::AdapterRevised(AdapterRevised { adapter, .. }) = event {
                by_adapter.insert(adapter.clone(), position);
            }
        }
        Self { first: draft.first_position(), by_adapter }
    }

    fn for_adapter(&self, adapter: &AdapterName) -> Option<Position> {
        self.by_adapter.get(adapter).copied().or(self.first)
    }
}

/// Proposes the claim of a vacant session. Without a `kind` the session's own past says which it is.
pub(super) fn give(
    draft: &mut Draft,
    session: &SessionId,
    registration: RegistrationId,
    kind: Option<ClaimKind>,
    cause: Option<Position>,
) -> Result<(), Refusal> {
    let (past, past_cause) = match draft.fleet.session(session).and_then(|session| session.vacated.clone()) {
        Some(Vacated::Expired { at }) => (ClaimKind::Takeover, Some(at)),
        Some(Vacated::HandedOver { at }) => (ClaimKind::Handover, Some(at)),
        None => (ClaimKind::Placement, cause),
    };
    if let Some(claim) = claim_of(&draft.fleet, session, registration, kind.unwrap_or(past)) {
        draft.propose(claim, past_cause)?;
    }
    Ok(())
}

fn claim_of(fleet: &Fleet, session: &SessionId, id: RegistrationId, kind: ClaimKind) -> Option<SessionClaimed> {
    let adapter = fleet.adapter(&session.adapter)?;
    let holder = &fleet.registration(id)?.holder;
    Some(SessionClaimed {
        session: session.clone(),
        pod: holder.pod.clone(),
        incarnation: holder.incarnation.clone(),
        registration: id,
        kind,
        ttl_ms: adapter.spec.lease_ttl_ms,
        revision: adapter.revision,
        units: adapter.spec.placement.capacity,
    })
}

fn hand_over_from_draining(draft: &mut Draft, cause: Option<Position>, observed: &impl Observed) -> Result<(), Refusal> {
    for (_, session, owner) in handovers(&draft.fleet, observed) {
        if let Ok(to) = placement::choose(&draft.fleet, &session, Some(&owner), observed) {
            order_move(draft, &session, to, cause)?;
        }
    }
    Ok(())
}

/// Sessions of draining pods that should run on and have nowhere to go yet, with their owners; first served first.
fn handovers(fleet: &Fleet, observed: &impl Observed) -> BTreeSet<(Reverse<i32>, SessionId, PodName)> {
    let leases = fleet.draining().flat_map(|id| fleet.leases_of(id));
    // Who gives a session up that nobody may be granted yet makes an outage of it.
    let waiting =
        leases.filter(|(session, lease)| lease.moving_to.is_none() && fleet.wants(session) && epoch::may_grant(fleet, session, observed));
    let priority = |session: &SessionId| Reverse(fleet.adapter(&session.adapter).map_or(i32::MIN, |adapter| adapter.spec.priority));
    waiting.map(|(session, lease)| (priority(session), session.clone(), lease.holder.pod.clone())).collect()
}

/// Proposes the order to hand a session over to another registration.
pub(super) fn order_move(draft: &mut Draft, session: &SessionId, to: RegistrationId, cause: Option<Position>) -> Result<(), Refusal> {
    let lease = draft.fleet.session(session).and_then(|session| session.lease.as_ref());
    let target = draft.fleet.registration(to);
    if let (Some(lease), Some(target)) = (lease, target) {
        let order = SessionMoveOrdered { session: session.clone(), token: lease.token, to: target.holder.pod.clone(), to_registration: to };
        draft.propose(order, cause)?;
    }
    Ok(())
}
