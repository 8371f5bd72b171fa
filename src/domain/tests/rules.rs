//! What must hold after every decision, each rule worked out anew from first principles rather than by the code under test.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::given::Silences;
use crate::domain::adapter::LeaseTtl;
use crate::domain::command::{Command, OrderAction, Rebalance};
use crate::domain::connector::RESTART;
use crate::domain::decide::{Decision, decide, provisional};
use crate::domain::event::{AdapterRevised, Event, LeaseExpired, Recorded, SessionClaimed, SessionMoveOrdered, SessionReleased};
use crate::domain::evolve::evolve;
use crate::domain::fleet::{Fleet, Lease, RegistrationState};
use crate::domain::name::{Holder, RegistrationId, SessionId};
use crate::domain::placement::{Observed, choose};
use crate::domain::token::{FencingToken, Position};

pub(super) type Verdict = Result<(), TestCaseError>;

/// A decision with the world on both sides of it.
pub(super) struct Decided<'a> {
    pub(super) before: &'a Fleet,
    pub(super) command: &'a Command,
    pub(super) observed: &'a Silences,
    pub(super) everybody_speaks: bool,
    pub(super) decision: &'a Decision,
    pub(super) after: &'a Fleet,
}

impl Decided<'_> {
    pub(super) fn check(&self) -> Verdict {
        self.events_refer_to_what_was_there()?;
        self.leases_end_only_for_a_reason()?;
        self.moves_are_ordered_only_for_a_reason()?;
        self.nothing_else_happens_to_leases()?;
        self.modes_change_only_at_rest()?;
        self.promised_room_is_given()?;
        self.nothing_is_granted_that_may_be_held()?;
        indexes_are_right(self.after)?;
        capacity_is_kept(self.after)?;
        holders_are_unique(self.after)?;
        self.nothing_waits_that_has_a_place()?;
        self.deciding_again_adds_nothing()
    }

    fn events(&self) -> impl Iterator<Item = &Event> {
        self.decision.events.iter().map(|proposal| &proposal.event)
    }

    fn lease_before(&self, session: &SessionId) -> Option<&Lease> {
        self.before.session(session).and_then(|session| session.lease.as_ref())
    }

    /// A cause comes earlier, and a token that is named was given out before this decision: the log will move both.
    fn events_refer_to_what_was_there(&self) -> Verdict {
        let base = self.before.ledger_position();
        for (index, proposal) in (0..).zip(&self.decision.events) {
            prop_assert!(proposal.cause.is_none_or(|cause| (1..=base + index).contains(&cause)), "{proposal:?}");
            let named = proposal.event.names_token();
            prop_assert!(named.is_none_or(|token| token.position() <= base), "{proposal:?} names a token that is not final");
            let named = proposal.event.names_position();
            prop_assert!(named.is_none_or(|position| position <= base), "{proposal:?} names a position that is not final");
        }
        Ok(())
    }

    /// Silence, or the pod's own word (I7).
    fn leases_end_only_for_a_reason(&self) -> Verdict {
        for event in self.events() {
            if let Event::LeaseExpired(LeaseExpired { session, .. }) = event {
                let lease = self.lease_before(session).ok_or_else(|| TestCaseError::fail("nobody owned what expired"))?;
                let unconfirmed = if lease.confirmed { Duration::ZERO } else { self.observed.since_epoch() };
                let silence = self.observed.silence(lease.registration, lease.ttl).max(unconfirmed);
                prop_assert!(*self.command == Command::Expire && silence >= lease.ttl.as_duration(), "{event:?} after {silence:?}");
            }
            if let Event::SessionReleased(SessionReleased { session, token, pod, incarnation, .. }) = event {
                let Command::Release(release) = self.command else { return Err(TestCaseError::fail("nobody released it")) };
                prop_assert_eq!(&release.holder, &Holder { pod: pod.clone(), incarnation: incarnation.clone() });
                prop_assert!(release.sessions.contains(&(session.clone(), *token)));
            }
        }
        Ok(())
    }

    /// A session leaves a living pod only for a drain or a move that somebody asked for, or one of so many that they allowed.
    fn moves_are_ordered_only_for_a_reason(&self) -> Verdict {
        let mut allowed = if let Command::Rebalance(Rebalance { max_moves }) = self.command { *max_moves } else { 0 };
        for event in self.events() {
            if let Event::SessionMoveOrdered(SessionMoveOrdered { session, .. }) = event {
                let restarts = |order: &OrderAction| order.session == *session && order.action.as_str() == RESTART;
                let asked = match self.command {
                    Command::Move(order) => order.session == *session,
                    Command::OrderAction(order) => restarts(order),
                    _ => false,
                };
                let owner = self.lease_before(session).and_then(|lease| self.after.registration(lease.registration));
                let draining = owner.is_some_and(|owner| owner.state == RegistrationState::Draining);
                let of_many = !asked && !draining && allowed > 0;
                allowed -= u32::from(of_many);
                prop_assert!(asked || draining || of_many, "{event:?}");
                prop_assert!(self.after.wants(session), "{session} is not to run, so nobody should keep room for it");
            }
        }
        Ok(())
    }

    /// Whoever owned a session before and was not named by an event owns it still, on the same terms.
    fn nothing_else_happens_to_leases(&self) -> Verdict {
        let touched: BTreeSet<String> = self.events().filter(|event| event.names_token().is_some()).map(Event::stream).collect();
        for (session, entry) in self.before.sessions() {
            if entry.lease.is_some() && !touched.contains(&format!("session:{session}")) {
                let lease = self.after.session(session).and_then(|session| session.lease.as_ref());
                prop_assert_eq!(lease, entry.lease.as_ref(), "the lease of {} changed without an event", session);
            }
        }
        Ok(())
    }

    fn modes_change_only_at_rest(&self) -> Verdict {
        for event in self.events() {
            if let Event::AdapterRevised(AdapterRevised { adapter, spec, .. }) = event {
                let same = self.before.adapter(adapter).is_some_and(|before| before.spec.mode == spec.mode);
                let running = self.before.sessions_of(adapter).any(|(_, session)| session.lease.is_some());
                prop_assert!(same || !running, "the mode of {adapter} changed while it ran");
            }
        }
        Ok(())
    }

    /// A session that closed in order to move runs on: with everybody well, and if no configuration changed under the promise.
    fn promised_room_is_given(&self) -> Verdict {
        let released = self.events().filter_map(|event| match event {
            Event::SessionReleased(release) => Some((&release.session, self.lease_before(&release.session)?)),
            _ => None,
        });
        let to_move = |session: &SessionId, lease: &Lease| lease.moving_to.is_some() && self.after.wants(session);
        let moved: Vec<_> = released.filter(|(session, lease)| to_move(session, lease) && !self.waits_for_the_epoch(session)).collect();
        if self.everybody_speaks && moved.iter().all(|(session, lease)| self.promise_stands(session, lease)) {
            for (session, before) in moved {
                let claim = self.events().find_map(|event| match event {
                    Event::SessionClaimed(claim) if claim.session == *session => Some(claim),
                    _ => None,
                });
                prop_assert!(claim.is_some(), "{session} closed in order to move and was left alone");
                // A restart gives it back to its own pod, with nobody else between.
                let stays = claim.is_some_and(|claim| claim.holder() == before.holder);
                prop_assert!(stays || !before.restarts(), "{session} restarted as {claim:?}");
            }
        }
        Ok(())
    }

    /// In a new epoch a session is granted only when every lease of it that was lost has run out (I1, I5).
    fn nothing_is_granted_that_may_be_held(&self) -> Verdict {
        if self.before.settling().is_some() {
            for event in self.events() {
                if let Event::SessionClaimed(claim) = event {
                    prop_assert!(self.observed.since_epoch() >= claim.ttl_ms.as_duration(), "{event:?} too early in the epoch");
                }
            }
        }
        let open = self.after.leases().find(|(_, lease)| !lease.confirmed);
        prop_assert!(self.after.settling().is_some() || open.is_none(), "settled although {open:?}");
        Ok(())
    }

    /// Whether the session waits for nothing but the new epoch.
    fn waits_for_the_epoch(&self, session: &SessionId) -> bool {
        let ttl = self.after.adapter(&session.adapter).map(|adapter| adapter.spec.lease_ttl_ms.as_duration());
        self.after.settling().is_some() && ttl.is_some_and(|ttl| self.observed.since_epoch() < ttl)
    }

    fn promise_stands(&self, session: &SessionId, lease: &Lease) -> bool {
        let target = lease.moving_to.as_ref().and_then(|to| self.before.registration(to.registration));
        let well = target.is_some_and(|target| target.state == RegistrationState::Ready && target.load() <= target.capacity);
        well && self.before.adapter(&session.adapter).is_some_and(|adapter| adapter.revision == lease.revision)
    }

    /// Registration is a standing claim: whoever could run something has it. Heartbeats and answers alone leave that to the next decision.
    fn nothing_waits_that_has_a_place(&self) -> Verdict {
        if matches!(self.command, Command::Heartbeat(_) | Command::AnswerActions(_)) {
            return Ok(());
        }
        for session in self.after.vacancies().filter(|session| !self.waits_for_the_epoch(session)) {
            prop_assert!(choose(self.after, session, None, self.observed).is_err(), "{session} waits though it has a place");
        }
        for (session, lease) in self.after.draining().flat_map(|id| self.after.leases_of(id)) {
            if lease.moving_to.is_none() && self.after.wants(session) && !self.waits_for_the_epoch(session) {
                let place = choose(self.after, session, Some(&lease.holder.pod), self.observed);
                prop_assert!(place.is_err(), "{session} stays on a draining pod though it has a place");
            }
        }
        Ok(())
    }

    /// One look at silent pods settles everything, so that orchestrators which look all the time write nothing.
    fn deciding_again_adds_nothing(&self) -> Verdict {
        let look =
            |fleet: &Fleet, observed: &Silences| decide(fleet, &Command::Expire, observed).map_err(|e| TestCaseError::fail(e.to_string()));
        if self.everybody_speaks
            && !matches!(self.command, Command::Heartbeat(_) | Command::AnswerActions(_))
            && self.after.settling().is_none()
        {
            prop_assert_eq!(look(self.after, self.observed)?.events, vec![]);
        }
        for observed in [self.observed, &Silences::default()] {
            let settled = carry_out(self.after, &look(self.after, observed)?)?;
            prop_assert_eq!(look(&settled, observed)?.events, vec![]);
        }
        Ok(())
    }
}

fn carry_out(fleet: &Fleet, decision: &Decision) -> Result<Fleet, TestCaseError> {
    decision.events.iter().try_fold(fleet.clone(), |fleet, proposal| {
        let recorded = provisional(&fleet, proposal.event.clone(), proposal.cause);
        evolve(fleet, &recorded).map_err(|corrupt| TestCaseError::fail(corrupt.to_string()))
    })
}

/// Each index equals what is worked out from the rest.
fn indexes_are_right(fleet: &Fleet) -> Verdict {
    let mut ttls: BTreeMap<LeaseTtl, usize> = BTreeMap::new();
    let mut vacant = BTreeSet::new();
    let mut held: BTreeMap<RegistrationId, (BTreeSet<SessionId>, u32, u32)> = BTreeMap::new();
    for adapter in fleet.adapters.values() {
        *ttls.entry(adapter.spec.lease_ttl_ms).or_default() += 1;
    }
    for (id, session) in &fleet.sessions {
        match &session.lease {
            Some(lease) => {
                *ttls.entry(lease.ttl).or_default() += 1;
                let (leases, used, _) = held.entry(lease.registration).or_default();
                leases.insert(id.clone());
                *used += lease.units;
                if let Some(to) = lease.moving_to.as_ref().filter(|to| to.registration != lease.registration) {
                    held.entry(to.registration).or_default().2 += lease.units;
                }
            }
            None if fleet.wants(id) => {
                vacant.insert((Reverse(fleet.adapters[&id.adapter].spec.priority), id.clone()));
            }
            None => {}
        }
    }
    for (id, registration) in &fleet.registrations {
        let (leases, used, reserved) = held.remove(id).unwrap_or_default();
        prop_assert_eq!(registration.leases.iter().cloned().collect::<BTreeSet<_>>(), leases);
        prop_assert_eq!((registration.used, registration.reserved), (used, reserved), "use of {}", id);
        let current = fleet.pods.get(&registration.holder.pod) == Some(id);
        prop_assert_eq!(registration.state == RegistrationState::Superseded, !current);
        prop_assert!(current || !registration.leases.is_empty(), "{id} is remembered for nothing");
        prop_assert_eq!(registration.state == RegistrationState::Draining, fleet.draining.contains(id));
    }
    prop_assert!(held.values().all(|(leases, ..)| leases.is_empty()), "leases of a forgotten registration: {held:?}");
    prop_assert!(fleet.pods.values().chain(&fleet.draining).all(|id| fleet.registrations.contains_key(id)));
    prop_assert_eq!(fleet.vacant.iter().cloned().collect::<BTreeSet<_>>(), vacant);
    prop_assert_eq!(fleet.ttls.iter().map(|(ttl, count)| (*ttl, *count)).collect::<BTreeMap<_, _>>(), ttls);
    Ok(())
}

/// No pod has more than it has room for. What is kept for moves counts too, unless a session has changed its size under way.
fn capacity_is_kept(fleet: &Fleet) -> Verdict {
    let leases = fleet.sessions().filter_map(|(id, session)| Some((id, session.lease.as_ref()?)));
    let resized = leases.filter(|(id, lease)| fleet.adapter(&id.adapter).is_none_or(|adapter| adapter.revision != lease.revision));
    let uncertain: BTreeSet<_> = resized.filter_map(|(_, lease)| lease.moving_to.as_ref().map(|to| to.registration)).collect();
    for (id, registration) in fleet.registrations() {
        let load = if uncertain.contains(&id) { registration.used } else { registration.load() };
        prop_assert!(load <= registration.capacity, "{} is overfull", registration.holder);
    }
    Ok(())
}

fn holders_are_unique(fleet: &Fleet) -> Verdict {
    let holders: BTreeSet<&Holder> = fleet.registrations().map(|(_, registration)| &registration.holder).collect();
    prop_assert_eq!(holders.len(), fleet.registrations().count());
    Ok(())
}

/// Ownership as anyone can read it off the log, without the fold: intervals and tokens, for ever.
#[derive(Default)]
pub(super) struct Ownership {
    owned: BTreeMap<SessionId, FencingToken>,
    last_end: BTreeMap<SessionId, Position>,
    highest: BTreeMap<SessionId, FencingToken>,
}

impl Ownership {
    /// At most one owner at each position (I1), and tokens that only grow, whatever became of the adapter meanwhile (I5).
    pub(super) fn follow(&mut self, recorded: &Recorded) -> Verdict {
        let end = match &recorded.event {
            Event::SessionClaimed(SessionClaimed { session, .. }) => {
                let token = FencingToken::new(recorded.epoch, recorded.position).map_err(|e| TestCaseError::fail(e.to_string()))?;
                prop_assert!(self.last_end.get(session).is_none_or(|end| *end < recorded.position), "intervals of {session} overlap");
                prop_assert_eq!(self.owned.insert(session.clone(), token), None, "two owners of {}", session);
                let before = self.highest.insert(session.clone(), token);
                prop_assert!(before.is_none_or(|before| before < token), "the token of {session} does not grow");
                return Ok(());
            }
            Event::SessionReleased(SessionReleased { session, token, .. }) | Event::LeaseExpired(LeaseExpired { session, token, .. }) => {
                (session, token)
            }
            _ => return Ok(()),
        };
        prop_assert_eq!(self.owned.remove(end.0), Some(*end.1), "an end of {} that had not begun", end.0);
        self.last_end.insert(end.0.clone(), recorded.position);
        Ok(())
    }

    /// The fold says the same.
    pub(super) fn agrees_with(&self, fleet: &Fleet) -> Verdict {
        let leases = fleet.sessions().filter_map(|(id, session)| Some((id.clone(), session.lease.as_ref()?.token)));
        prop_assert_eq!(leases.collect::<BTreeMap<_, _>>(), self.owned.clone());
        Ok(())
    }
}
