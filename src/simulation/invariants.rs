//! What must hold whatever happens, and counts of what did happen: a run in which nothing went wrong shows nothing.

use std::collections::HashMap;
use std::time::Duration;

use super::log::Log;
use crate::domain::event::{ClaimKind, Event, Recorded};
use crate::domain::name::{Holder, SessionId};
use crate::domain::token::{FencingToken, Position};
use uuid::Uuid;

/// What a run has seen.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) steps: u64,
    pub(super) claims: u64,
    pub(super) takeovers: u64,
    pub(super) handovers: u64,
    pub(super) expiries: u64,
    pub(super) fencings: u64,
    pub(super) epochs: u64,
    pub(super) confirmed: u64,
    pub(super) unconfirmed: u64,
    pub(super) lost_claims: u64,
    pub(super) refused_writes: u64,
    pub(super) accepted_writes: u64,
    pub(super) conflicts: u64,
    pub(super) unknown_outcomes: u64,
    pub(super) locked_expiries: u64,
    /// Beyond the timeout.
    pub(super) slowest_takeover: Duration,
}

impl Counts {
    pub(super) fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.claims += other.claims;
        self.takeovers += other.takeovers;
        self.handovers += other.handovers;
        self.expiries += other.expiries;
        self.fencings += other.fencings;
        self.epochs += other.epochs;
        self.confirmed += other.confirmed;
        self.unconfirmed += other.unconfirmed;
        self.lost_claims += other.lost_claims;
        self.refused_writes += other.refused_writes;
        self.accepted_writes += other.accepted_writes;
        self.conflicts += other.conflicts;
        self.unknown_outcomes += other.unknown_outcomes;
        self.locked_expiries += other.locked_expiries;
        self.slowest_takeover = self.slowest_takeover.max(other.slowest_takeover);
    }

    /// What moved from one pod to another.
    pub(super) fn moved(&self) -> u64 {
        self.takeovers + self.handovers
    }

    pub(super) fn named(&self) -> [(&'static str, u64); 15] {
        [
            ("steps", self.steps),
            ("claims", self.claims),
            ("takeovers", self.takeovers),
            ("handovers", self.handovers),
            ("expiries", self.expiries),
            ("fencings", self.fencings),
            ("epochs", self.epochs),
            ("leases confirmed", self.confirmed),
            ("leases never confirmed", self.unconfirmed),
            ("claims lost with their history", self.lost_claims),
            ("stale writes refused", self.refused_writes),
            ("writes accepted", self.accepted_writes),
            ("appends that lost a race", self.conflicts),
            ("unknown outcomes", self.unknown_outcomes),
            ("expiries under lock", self.locked_expiries),
        ]
    }
}

/// A claim as it was made, in whatever history.
#[derive(Debug, Clone)]
struct Made {
    serial: u64,
    holder: Holder,
}

#[derive(Debug, Default)]
pub(super) struct Invariants {
    pub(super) counts: Counts,
    pub(super) violation: Option<String>,
    /// Nothing ever happens to pods in this run, so no lease may end (I7).
    pub(super) pods_are_well: bool,
    highest: HashMap<SessionId, FencingToken>,
    made: HashMap<(SessionId, FencingToken), Made>,
    owners: HashMap<SessionId, Holder>,
    /// The downstream: the largest token that it has seen of each session, and which claim that was.
    witness: HashMap<SessionId, (FencingToken, u64)>,
    heard: HashMap<Holder, Duration>,
    present_since: Duration,
}

impl Invariants {
    pub(super) fn new(pods_are_well: bool) -> Self {
        Self { pods_are_well, ..Self::default() }
    }

    pub(super) fn fail(&mut self, what: impl FnOnce() -> String) {
        if self.violation.is_none() {
            self.violation = Some(what());
        }
    }

    /// Signs of life that are in the log.
    pub(super) fn heard(&mut self, holders: impl Iterator<Item = Holder>, now: Duration) {
        self.heard.extend(holders.map(|holder| (holder, now)));
    }

    pub(super) fn appended(&mut self, recorded: &[Recorded], now: Duration) {
        for recorded in recorded {
            match &recorded.event {
                Event::PodRegistered(event) => drop(self.heard.insert(event.holder(), now)),
                Event::SessionClaimed(event) => {
                    let token = FencingToken::new(recorded.epoch, recorded.position).expect("fits");
                    self.claimed(&event.session, token, event.holder());
                    self.counts.takeovers += u64::from(event.kind == ClaimKind::Takeover);
                    self.counts.handovers += u64::from(event.kind == ClaimKind::Handover);
                }
                Event::SessionReleased(event) => drop(self.owners.remove(&event.session)),
                Event::LeaseExpired(event) => {
                    self.owners.remove(&event.session);
                    let ttl = event.ttl_ms.as_duration();
                    self.expired(&event.holder(), &event.session, ttl, recorded.cause, now);
                }
                Event::PodLost(event) if self.pods_are_well => self.fail(|| format!("I7: {} was given up, and was well", event.pod)),
                Event::EpochBegan(_) => {
                    self.counts.epochs += 1;
                    self.present_since = now;
                }
                Event::LeaseConfirmed(_) => self.counts.confirmed += 1,
                _ => {}
            }
        }
    }

    fn claimed(&mut self, session: &SessionId, token: FencingToken, holder: Holder) {
        self.counts.claims += 1;
        if let Some(owner) = self.owners.insert(session.clone(), holder.clone()) {
            self.fail(|| format!("I1: {session} was claimed for {holder}, and {owner} owns it"));
        }
        if self.highest.insert(session.clone(), token).is_some_and(|highest| highest >= token) {
            self.fail(|| format!("I5: token {token} of {session} does not grow"));
        }
        self.made.insert((session.clone(), token), Made { serial: self.counts.claims, holder });
    }

    /// Nobody loses a lease whose sign of life was recorded less than its timeout ago, by the clock that runs fastest.
    fn expired(&mut self, holder: &Holder, session: &SessionId, ttl: Duration, cause: Option<Position>, now: Duration) {
        self.counts.expiries += 1;
        self.counts.unconfirmed += u64::from(cause.is_some());
        let since = if cause.is_some() { None } else { self.heard.get(holder).copied() };
        let silence = now.saturating_sub(since.unwrap_or(Duration::ZERO).max(self.present_since));
        if silence < ttl * 98 / 100 {
            self.fail(|| format!("I7: the lease of {session} ended {silence:?} after {holder} was heard; its timeout is {ttl:?}"));
        }
        if self.pods_are_well {
            self.fail(|| format!("I7: the lease of {session} ended, and {holder} was well"));
        }
    }

    pub(super) fn lost(&mut self, log: &Log, claims: u64, now: Duration) {
        self.counts.lost_claims += claims;
        self.heard.clear();
        self.present_since = now;
        self.owners = log.fleet().leases().map(|(session, lease)| (session.clone(), lease.holder.clone())).collect();
    }

    /// I4: what an answer vouches for is in the log, for as long as the history lasts that it was given in.
    pub(super) fn answered(&mut self, log: &Log, history: u64, events: &[(Position, Uuid)]) {
        if history == log.history
            && let Some((position, _)) = events.iter().find(|(position, id)| log.id_at(*position) != Some(*id))
        {
            self.fail(|| format!("I4: an answer vouches for an event at {position} that is not there"));
        }
    }

    /// I3, asked whenever somebody begins to believe or believes for longer.
    pub(super) fn believers(&mut self, session: &SessionId, one: &Holder, other: &Holder) {
        self.fail(|| format!("I3: {one} and {other} both believe in {session}"));
    }

    /// I2: a write reaches the downstream, which takes the largest token that it knows or a larger one.
    pub(super) fn written(&mut self, session: &SessionId, token: FencingToken, by: &Holder) {
        let Some(made) = self.made.get(&(session.clone(), token)).cloned() else {
            return self.fail(|| format!("I2: {by} writes under token {token} of {session}, which nobody was given"));
        };
        if made.holder != *by {
            return self.fail(|| format!("I2: {by} writes under token {token} of {session}, which is {}'s", made.holder));
        }
        let (largest, serial) = *self.witness.entry(session.clone()).or_insert((token, made.serial));
        if token < largest {
            self.counts.refused_writes += 1;
        } else if made.serial < serial {
            self.fail(|| format!("I2: a write of an older owner of {session} was accepted after one of a newer"));
        } else {
            self.counts.accepted_writes += 1;
            self.witness.insert(session.clone(), (token, made.serial));
        }
    }
}
