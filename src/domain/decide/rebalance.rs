//! Evens out what pods have to do, by a bounded number of moves that somebody asked for. Nothing is rebalanced otherwise.
//!
//! Each move takes a session from a pod to one that is less loaded even with it, by share of capacity. So the differences only ever
//! shrink: asked again, it goes on where it ended, and then does nothing. There is no ping-pong.

use std::cmp::Reverse;

use super::{Draft, assign, move_session};
use crate::domain::adapter::InvalidField;
use crate::domain::command::{MoveSession, Rebalance};
use crate::domain::fleet::{Fleet, Lease, Registration, RegistrationState};
use crate::domain::name::{AdapterName, PodName, RegistrationId, SessionId};
use crate::domain::placement::Observed;
use crate::domain::refusal::Refusal;

/// Sessions that close at the same time at most, whoever asks.
const MOST_MOVES: u32 = 100;

pub(super) fn rebalance(draft: &mut Draft, order: Rebalance, observed: &impl Observed) -> Result<(), Refusal> {
    if !(1..=MOST_MOVES).contains(&order.max_moves) {
        return Err(InvalidField::new("max_moves", format!("between 1 and {MOST_MOVES} sessions are moved at a time")).into());
    }
    for _ in 0..order.max_moves {
        let Some((session, to)) = next_move(&draft.fleet, observed) else { break };
        assign::order_move(draft, &session, to, None)?;
    }
    Ok(())
}

/// The moves that would be ordered, in their order: the session, who has it, and who gets it.
pub fn preview(fleet: &Fleet, order: Rebalance, observed: &impl Observed) -> Result<Vec<(SessionId, PodName)>, Refusal> {
    let mut draft = Draft::new(fleet);
    rebalance(&mut draft, order, observed)?;
    let moved = draft.fleet.leases().filter(|(session, _)| moving(fleet, session).is_none());
    Ok(moved.filter_map(|(session, lease)| Some((session.clone(), lease.moving_to.as_ref()?.pod.clone()))).collect())
}

fn moving<'a>(fleet: &'a Fleet, session: &SessionId) -> Option<&'a PodName> {
    Some(&fleet.session(session)?.lease.as_ref()?.moving_to.as_ref()?.pod)
}

/// A pod and what it will have to do once all moves that are ordered have come to pass.
struct Side<'a> {
    id: RegistrationId,
    pod: &'a Registration,
    load: u64,
}

impl Side<'_> {
    /// Whether it is less loaded than another, by share of capacity, with `units` more.
    fn is_less_loaded_with(&self, units: u32, than: &Self) -> bool {
        (self.load + u64::from(units)) * u64::from(than.pod.capacity) < than.load * u64::from(self.pod.capacity)
    }
}

/// From the most loaded pod to the least loaded that can take a session of it.
fn next_move(fleet: &Fleet, observed: &impl Observed) -> Option<(SessionId, RegistrationId)> {
    let mut sides: Vec<Side> =
        fleet.pods().filter(|(_, pod)| pod.state == RegistrationState::Ready).map(|(id, pod)| side(fleet, id, pod)).collect();
    // Shares are compared in integers: load / capacity in millionths.
    sides.sort_by_key(|side| (Reverse(side.load * 1_000_000 / u64::from(side.pod.capacity.max(1))), &side.pod.holder.pod));
    for from in &sides {
        for to in sides.iter().rev() {
            if let Some(session) = movable(fleet, from, to, observed) {
                return Some((session, to.id));
            }
        }
    }
    None
}

fn side<'a>(fleet: &Fleet, id: RegistrationId, pod: &'a Registration) -> Side<'a> {
    let leaving: u32 = fleet.leases_of(id).filter(|(_, lease)| lease.reserves().is_some()).map(|(_, lease)| lease.units).sum();
    Side { id, pod, load: u64::from(pod.load().saturating_sub(leaving)) }
}

/// The session of one pod that another can have and should, the least important first.
fn movable(fleet: &Fleet, from: &Side, to: &Side, observed: &impl Observed) -> Option<SessionId> {
    let may_go = |(session, lease): &(&SessionId, &Lease)| {
        lease.moving_to.is_none()
            && to.is_less_loaded_with(lease.units, from)
            && spreads_no_less(fleet, &session.adapter, from.id, to.id)
            && move_session::judge(fleet, &order(session, to), observed).is_ok()
    };
    let priority = |session: &SessionId| fleet.adapter(&session.adapter).map_or(i32::MIN, |adapter| adapter.spec.priority);
    let candidates = fleet.leases_of(from.id).filter(may_go);
    candidates.map(|(session, _)| session).min_by_key(|session| (priority(session), *session)).cloned()
}

fn order(session: &SessionId, to: &Side) -> MoveSession {
    MoveSession { session: session.clone(), to: to.pod.holder.pod.clone() }
}

/// Replicas of one adapter are on several pods so that they do not fail together; that counts for more than an even load.
fn spreads_no_less(fleet: &Fleet, adapter: &AdapterName, from: RegistrationId, to: RegistrationId) -> bool {
    let at = |pod: RegistrationId| {
        let leases = fleet.sessions_of(adapter).filter_map(|(_, session)| session.lease.as_ref());
        leases.filter(|lease| lease.moving_to.as_ref().map_or(lease.registration, |to| to.registration) == pod).count()
    };
    at(to) < at(from)
}
