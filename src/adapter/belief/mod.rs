//! Which leases the pod believes to hold. Pure: statements of orchestrators go in, what is to be done comes out.
//!
//! Statements arrive late, twice, in any order or never: from the stream, from heartbeat answers, from registrations, and
//! from several orchestrators. Each carries the state of the log that it was true at ([`AsOf`]), and two rules make the
//! newest truth win (design 11):
//!
//! 1. A statement changes nothing about a session of which the pod knows something newer. What it knows of a session is as
//!    new as the last statement about that session or the last one about *all* sessions, whichever is newer.
//! 2. Tokens only grow. One that has ended never comes back, and the largest token that ended is remembered for that.
//!
//! A lease that is not confirmed in a new epoch begins nothing: whoever holds it goes on, whoever does not leaves it alone.
//!
//! Absent on purpose: time. How long a belief may be acted upon is the matter of [`trust`](super::trust).

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::trust;
use crate::domain::adapter::LeaseTtl;
use crate::domain::name::SessionId;
use crate::domain::token::FencingToken;
use crate::wire::pod::{Desired, HeartbeatAnswer, LeaseGrant};
use crate::wire::push::{AsOf, Push};

/// Ended sessions that are remembered beyond need; above that, those which rule 1 covers are forgotten.
const MAX_REMEMBERED: usize = 4096;

/// What a changed belief asks the pod to do, in this order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    Start(LeaseGrant),
    /// Close in order, then release.
    Close {
        session: SessionId,
        token: FencingToken,
        reason: String,
    },
    /// Stop at once, by force. The lease is not ours any more.
    Fence {
        session: SessionId,
        token: FencingToken,
        reason: String,
    },
    /// The log says that we hold this, and we never shall again: give it back, so that someone can run the session.
    GiveBack {
        session: SessionId,
        token: FencingToken,
    },
}

#[derive(Debug, Default)]
pub(crate) struct Belief {
    /// The newest statement about all sessions.
    complete: Option<AsOf>,
    sessions: BTreeMap<SessionId, Knowledge>,
}

#[derive(Debug)]
struct Knowledge {
    as_of: AsOf,
    /// The largest known, and everything at or below it has ended unless it is held.
    token: FencingToken,
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    ttl: LeaseTtl,
    /// Once a session began to close it is closed, whatever comes: the next owner gets a token of its own.
    closing: bool,
}

impl Belief {
    /// The leases that the pod believes in, with their timeouts.
    pub(crate) fn held(&self) -> impl Iterator<Item = (&SessionId, FencingToken, LeaseTtl)> {
        self.sessions.iter().filter_map(|(session, known)| Some((session, known.token, known.held.as_ref()?.ttl)))
    }

    pub(crate) fn ttl(&self, session: &SessionId, token: FencingToken) -> Option<LeaseTtl> {
        self.sessions.get(session).filter(|known| known.token == token)?.held.as_ref().map(|held| held.ttl)
    }

    /// What a stream says. That it is over says nothing about leases.
    pub(crate) fn hear_push(&mut self, push: Push) -> Vec<Effect> {
        match push {
            Push::Sync(all) => self.hear_all(all.as_of, all.leases),
            Push::Start(start) => self.hear_grant(start.as_of, start.lease),
            Push::Stop(stop) => self.hear_stop(stop.as_of, &stop.session, stop.token, stop.reason).into_iter().collect(),
            Push::Fence(fence) => self.hear_fence(fence.as_of, &fence.session, fence.token, &fence.reason).into_iter().collect(),
            Push::Action(_) | Push::Gone { .. } => Vec::new(),
        }
    }

    /// The full set of the pod's leases, from a registration or a `sync`.
    pub(crate) fn hear_all(&mut self, as_of: AsOf, leases: Vec<LeaseGrant>) -> Vec<Effect> {
        let listed = leases.iter().map(|lease| (lease.session.clone(), (lease.token, trust::ttl(lease.ttl_ms)))).collect();
        self.hear_complete(as_of, &listed, leases)
    }

    /// The full set of the pod's leases, from a heartbeat answer. Only what the pod has missed comes with all details.
    ///
    /// `fenced` needs no look: whatever the pod holds and the answer does not list is lost, reported or not.
    pub(crate) fn hear_answer(&mut self, answer: HeartbeatAnswer) -> Vec<Effect> {
        let listed = answer.leases.into_iter().map(|lease| (lease.session, (lease.token, trust::ttl(lease.ttl_ms)))).collect();
        self.hear_complete(answer.as_of, &listed, answer.missed)
    }

    /// Whether a statement about all sessions is as new as what is known.
    pub(crate) fn takes_in(&self, as_of: AsOf) -> bool {
        self.complete.is_none_or(|known| known <= as_of)
    }

    fn hear_complete(
        &mut self,
        as_of: AsOf,
        listed: &BTreeMap<SessionId, (FencingToken, LeaseTtl)>,
        grants: Vec<LeaseGrant>,
    ) -> Vec<Effect> {
        if !self.takes_in(as_of) {
            return Vec::new();
        }
        let mut effects = Vec::new();
        for (session, known) in self.sessions.iter_mut().filter(|(_, known)| known.as_of <= as_of) {
            let Some(held) = &mut known.held else { continue };
            match listed.get(session) {
                Some((token, ttl)) if *token == known.token => held.ttl = *ttl,
                _ => effects.extend(known.lose(session, "another pod may own it by now")),
            }
        }
        for grant in grants {
            effects.extend(self.hear_grant(as_of, grant));
        }
        self.complete = Some(as_of);
        self.forget();
        effects
    }

    /// One lease of the pod, as it was at `as_of`.
    pub(crate) fn hear_grant(&mut self, as_of: AsOf, grant: LeaseGrant) -> Vec<Effect> {
        if self.is_old(&grant.session, as_of) || (grant.unconfirmed && !self.holds(&grant)) {
            return Vec::new();
        }
        let mut effects = Vec::new();
        let ttl = trust::ttl(grant.ttl_ms);
        if let Some(known) = self.sessions.get_mut(&grant.session) {
            if grant.token <= known.token {
                return known.hear_again(as_of, grant, ttl).into_iter().collect();
            }
            effects.extend(known.lose(&grant.session, "the pod was given it anew"));
        }
        let closing = grant.desired == Desired::Stop;
        self.sessions.insert(grant.session.clone(), Knowledge { as_of, token: grant.token, held: Some(Held { ttl, closing }) });
        effects.push(if closing { close(grant) } else { Effect::Start(grant) });
        effects
    }

    /// The pod holds this lease and is to close the session.
    pub(crate) fn hear_stop(&mut self, as_of: AsOf, session: &SessionId, token: FencingToken, reason: String) -> Option<Effect> {
        if self.is_old(session, as_of) {
            return None;
        }
        let known = self.sessions.get_mut(session)?;
        if token > known.token {
            // A lease of which the pod has yet to hear; the older one is gone in any case. The next answer tells the rest.
            known.as_of = as_of;
            return known.lose(session, "the pod was given it anew");
        }
        let held = known.held.as_mut().filter(|held| token == known.token && !held.closing)?;
        held.closing = true;
        known.as_of = as_of;
        Some(Effect::Close { session: session.clone(), token, reason })
    }

    /// This lease is not the pod's any more.
    pub(crate) fn hear_fence(&mut self, as_of: AsOf, session: &SessionId, token: FencingToken, reason: &str) -> Option<Effect> {
        if self.is_old(session, as_of) {
            return None;
        }
        let known = self.sessions.entry(session.clone()).or_insert(Knowledge { as_of, token, held: None });
        if token < known.token {
            return None;
        }
        known.as_of = as_of;
        let effect = known.lose(session, reason);
        known.token = token;
        effect
    }

    /// The log has ended this lease because the pod closed the session. True whenever it is heard: it was the pod's own wish.
    pub(crate) fn hear_released(&mut self, as_of: AsOf, session: &SessionId, token: FencingToken) {
        if let Some(known) = self.sessions.get_mut(session).filter(|known| known.token == token) {
            known.as_of = known.as_of.max(as_of);
            known.held = None;
        }
    }

    /// The registration is gone, and all leases with it.
    pub(crate) fn lose_all(&mut self, reason: &str) -> Vec<Effect> {
        self.sessions.iter_mut().filter_map(|(session, known)| known.lose(session, reason)).collect()
    }

    fn holds(&self, grant: &LeaseGrant) -> bool {
        self.sessions.get(&grant.session).is_some_and(|known| known.held.is_some() && known.token == grant.token)
    }

    fn is_old(&self, session: &SessionId, as_of: AsOf) -> bool {
        let known = self.sessions.get(session).map(|known| known.as_of).max(self.complete);
        known.is_some_and(|known| as_of < known)
    }

    fn forget(&mut self) {
        if self.sessions.len() > MAX_REMEMBERED {
            let complete = self.complete;
            self.sessions.retain(|_, known| known.held.is_some() || Some(known.as_of) > complete);
        }
    }
}

impl Knowledge {
    fn lose(&mut self, session: &SessionId, reason: &str) -> Option<Effect> {
        self.held.take().map(|_| Effect::Fence { session: session.clone(), token: self.token, reason: reason.to_owned() })
    }

    /// A grant of the known token or a smaller one.
    fn hear_again(&mut self, as_of: AsOf, grant: LeaseGrant, ttl: LeaseTtl) -> Option<Effect> {
        let newer = as_of > self.as_of;
        self.as_of = as_of;
        match &mut self.held {
            Some(held) if grant.token == self.token => {
                held.ttl = ttl;
                let begin = grant.desired == Desired::Stop && !held.closing;
                held.closing |= begin;
                begin.then(|| close(grant))
            }
            // Ended for us, and yet ours by the log (which may have lost events): as long as we heartbeat nobody else gets it.
            None if newer => Some(Effect::GiveBack { session: grant.session, token: grant.token }),
            _ => None,
        }
    }
}

fn close(grant: LeaseGrant) -> Effect {
    let reason = grant.reason.unwrap_or_else(|| "an orchestrator asks for it".into());
    Effect::Close { session: grant.session, token: grant.token, reason }
}
