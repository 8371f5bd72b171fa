//! One process of a pod: belief and trust as they are, with sessions that only know until when they may write.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::clock::Clock;
use super::message::{Answer, Caller};
use super::shapes::{access_token, connectors};
use crate::adapter::belief::{Belief, Effect};
use crate::adapter::trust::{self, Trust};
use crate::connector::context::Term;
use crate::domain::adapter::Mode;
use crate::domain::command::{Command, Heartbeat, Register};
use crate::domain::name::{Holder, SessionId};
use crate::domain::refusal::Refusal;
use crate::domain::status::OperationalStatus;
use crate::domain::token::{Epoch, FencingToken};
use crate::http::routes::pods::heartbeat::report;
use crate::wire::pod::{LeaseGrant, LeaseReport};
use crate::wire::push::{AsOf, Push};

pub(super) struct Run {
    pub(super) token: FencingToken,
    pub(super) term: Term,
    pub(super) exclusive: bool,
    pub(super) grant: LeaseGrant,
    pub(super) closing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Runs,
    Paused,
    Over,
}

pub(super) struct Pod {
    pub(super) holder: Holder,
    pub(super) clock: Clock,
    pub(super) life: Life,
    pub(super) registered: bool,
    pub(super) draining: bool,
    /// May release: an orchestrator has heard of the drain, or could not be told in time.
    pub(super) releasing: bool,
    pub(super) runs: BTreeMap<SessionId, Run>,
    pub(super) closed: BTreeSet<(SessionId, FencingToken)>,
    pub(super) receipt: Option<(AsOf, String)>,
    /// The request in flight, and when it is given up, by the pod's clock.
    pub(super) waiting: Option<(u64, Duration)>,
    pub(super) next_beat: Duration,
    pub(super) next_release: Duration,
    /// Which orchestrator it asks.
    pub(super) asks: usize,
    pub(super) stream: Option<(usize, u64)>,
    /// Sessions that began to close and are to be told when they are closed.
    pub(super) to_close: Vec<(SessionId, FencingToken)>,
    pub(super) fenced: u64,
    belief: Belief,
    trust: Trust,
    sequence: i64,
    interval: Duration,
    told: Option<Epoch>,
}

impl Pod {
    pub(super) fn new(holder: Holder, clock: Clock, asks: usize) -> Self {
        Self {
            holder,
            clock,
            life: Life::Runs,
            registered: false,
            draining: false,
            releasing: false,
            runs: BTreeMap::new(),
            closed: BTreeSet::new(),
            receipt: None,
            waiting: None,
            next_beat: Duration::ZERO,
            next_release: Duration::ZERO,
            asks,
            stream: None,
            to_close: Vec::new(),
            fenced: 0,
            belief: Belief::default(),
            trust: Trust::default(),
            sequence: 0,
            interval: Duration::from_millis(125),
            told: None,
        }
    }

    /// What it believes of a session, and until what true time it would write for it.
    pub(super) fn view(&self, session: &SessionId) -> Option<(FencingToken, Duration, bool)> {
        self.runs.get(session).map(|run| (run.token, self.clock.when(run.term.until), run.closing))
    }

    /// Whether it would write for this session at this moment.
    pub(super) fn believes(&self, session: &SessionId, now: Duration) -> bool {
        self.life != Life::Over && self.runs.get(session).is_some_and(|run| run.exclusive && self.clock.reads(now) < run.term.until)
    }

    pub(super) fn holds_nothing(&self) -> bool {
        self.belief.held().next().is_none() && self.runs.is_empty()
    }

    pub(super) fn registration(&self) -> Command {
        Command::Register(Register {
            holder: self.holder.clone(),
            capacity: 1000,
            labels: BTreeMap::default(),
            connectors: connectors(),
            platform: None,
            access_token: access_token('1'),
        })
    }

    /// The next heartbeat as it is at this moment of the pod's clock.
    pub(super) fn beat(&mut self, now: Duration, pod: usize, number: u64) -> (Command, Caller, Duration) {
        self.sequence += 1;
        let reported: Vec<LeaseReport> = self
            .belief
            .held()
            .map(|(session, token, ttl)| {
                let status =
                    if self.closed.contains(&(session.clone(), token)) { OperationalStatus::Inactive } else { OperationalStatus::Active };
                LeaseReport { session: session.clone(), token, status, reason: None, trusted: now < self.trust.until(ttl) }
            })
            .collect();
        let shortest = self.belief.held().map(|(_, _, ttl)| ttl).min();
        let named = self.trust.epoch();
        self.told = named;
        let command = Command::Heartbeat(Heartbeat {
            holder: self.holder.clone(),
            sequence: self.sequence,
            epoch: named,
            seen: None,
            reports: reported.iter().map(report).collect(),
            access_token: access_token('1'),
        });
        let caller = Caller::Heartbeat { pod, number, sent: now, holder: self.holder.clone(), named, reported };
        self.next_beat = now + self.interval;
        (command, caller, trust::try_timeout(shortest, self.interval))
    }

    /// Takes in an answer. False if the process has to end.
    pub(super) fn hear(&mut self, caller: Caller, answer: Answer, now: Duration) -> bool {
        match (caller, answer) {
            // A request that was given up is not listened to any more.
            (Caller::Registration { number, .. } | Caller::Heartbeat { number, .. }, _)
                if self.waiting.is_none_or(|(waiting, _)| waiting != number) => {}
            (Caller::Registration { sent, .. }, answer) => {
                self.waiting = None;
                return self.hear_registration(sent, answer);
            }
            (Caller::Heartbeat { sent, named, .. }, answer) => {
                self.waiting = None;
                return self.hear_beat(sent, named, answer, now);
            }
            (Caller::Release { asked, .. }, Answer::Done(as_of)) => {
                for (session, token) in asked {
                    self.belief.hear_released(as_of, &session, token);
                    self.forget_closed(&session, token);
                }
            }
            (Caller::Errand { leaving, .. }, Answer::Done(_) | Answer::Refused(_)) => {
                self.releasing = true;
                return !leaving;
            }
            _ => {}
        }
        true
    }

    fn hear_registration(&mut self, sent: Duration, answer: Answer) -> bool {
        match answer {
            Answer::Registered(answer) => {
                self.registered = true;
                self.trust.registered(sent, answer.as_of.epoch);
                self.interval = Duration::from_millis(answer.heartbeat_interval_ms.into());
                self.next_beat = Duration::ZERO;
                let effects = self.belief.hear_all(answer.as_of, answer.leases);
                self.carry_out(effects);
                self.extend();
                true
            }
            Answer::Refused(Refusal::Superseded { .. }) => false,
            _ => true,
        }
    }

    fn hear_beat(&mut self, sent: Duration, named: Option<Epoch>, answer: Answer, now: Duration) -> bool {
        match answer {
            Answer::Beat(answer) => {
                if self.receipt.as_ref().is_none_or(|(as_of, _)| *as_of <= answer.as_of) {
                    self.receipt = Some((answer.as_of, answer.receipt.clone()));
                }
                self.interval = Duration::from_millis(answer.heartbeat_interval_ms.into());
                if self.belief.takes_in(answer.as_of) {
                    self.trust.answered(sent, named, answer.as_of.epoch);
                }
                let effects = self.belief.hear_answer(*answer);
                self.carry_out(effects);
                self.extend();
            }
            Answer::Refused(Refusal::Superseded { .. }) => return false,
            Answer::Refused(Refusal::HolderUnknown(_)) => {
                let effects = self.belief.lose_all("the pod's registration is gone");
                self.carry_out(effects);
                self.registered = false;
                self.stream = None;
            }
            _ => self.next_beat = now + Duration::from_millis(100),
        }
        true
    }

    pub(super) fn hear_push(&mut self, push: Push) {
        if let Some(as_of) = push.as_of() {
            self.trust.heard_of(as_of.epoch);
        }
        if matches!(push, Push::Gone { .. }) {
            self.stream = None;
            self.next_beat = Duration::ZERO;
        }
        let effects = self.belief.hear_push(push);
        self.carry_out(effects);
        if self.told != self.trust.epoch() {
            self.next_beat = Duration::ZERO;
        }
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Start(grant) if self.draining => drop(self.closed.insert((grant.session, grant.token))),
                Effect::Start(grant) => {
                    let term = self.trust.term(&grant, trust::ttl(grant.ttl_ms));
                    let exclusive = grant.mode == Mode::Exclusive;
                    self.next_beat = Duration::ZERO;
                    self.runs.insert(grant.session.clone(), Run { token: grant.token, term, exclusive, grant, closing: false });
                }
                Effect::Close { session, token, .. } => self.close(session, token),
                Effect::Fence { session, token, .. } => {
                    self.fenced += 1;
                    self.forget_closed(&session, token);
                    if self.runs.get(&session).is_some_and(|run| run.token <= token) {
                        self.runs.remove(&session);
                    }
                }
                Effect::GiveBack { session, token } => drop(self.closed.insert((session, token))),
            }
        }
    }

    fn close(&mut self, session: SessionId, token: FencingToken) {
        match self.runs.get_mut(&session).filter(|run| run.token == token) {
            Some(run) => {
                if !std::mem::replace(&mut run.closing, true) {
                    self.to_close.push((session, token));
                }
            }
            None => drop(self.closed.insert((session, token))),
        }
    }

    pub(super) fn closed(&mut self, session: SessionId, token: FencingToken) {
        if self.runs.get(&session).is_some_and(|run| run.token == token) {
            self.runs.remove(&session);
            self.closed.insert((session, token));
        }
    }

    pub(super) fn drain(&mut self) {
        self.draining = true;
        let all: Vec<_> = self.runs.iter().map(|(session, run)| (session.clone(), run.token)).collect();
        for (session, token) in all {
            self.close(session, token);
        }
    }

    fn forget_closed(&mut self, session: &SessionId, token: FencingToken) {
        self.closed.retain(|(known, known_token)| known != session || *known_token > token);
    }

    /// One heartbeat renews all that is still held.
    fn extend(&mut self) {
        for run in self.runs.values_mut() {
            if let Some(ttl) = self.belief.ttl(&run.grant.session, run.grant.token) {
                run.term = trust::longer(run.term, self.trust.term(&run.grant, ttl));
            }
        }
    }
}
