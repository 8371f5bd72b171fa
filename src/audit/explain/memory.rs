//! What a replay keeps in mind to explain the state that it arrives at: for each session, adapter and pod the events that made
//! it what it is, each linked to what led to it.
//!
//! Bounded by the fleet, not by the log: a link never reaches back beyond the ownership before the present one.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::life::Before;
use super::{Life, Line, chain, lines};
use crate::domain::event::{Event, Recorded, SessionReleased};
use crate::domain::fleet::{Fleet, RegistrationState};
use crate::domain::name::{AdapterName, PodName, SessionId};
use crate::domain::token::Position;

/// Events of one append that are kept at most. An append is decided on in one go, and none is that large.
const APPEND_KEPT: usize = 1 << 16;

/// An event and what led to it.
#[derive(Debug)]
pub struct Step {
    pub recorded: Recorded,
    /// The cause that the event names; else the order or circumstance that it follows from.
    pub because: Option<Arc<Step>>,
}

type Kept = Option<Arc<Step>>;

/// What is known of an event before it is folded.
#[derive(Debug)]
pub(in crate::audit) struct Foreseen {
    because: Kept,
    life: Option<Before>,
}

#[derive(Debug, Default)]
struct SessionMemory {
    claimed: Kept,
    reported: Kept,
    ordered: Kept,
    ended: Kept,
}

#[derive(Debug, Default)]
struct AdapterMemory {
    configured: Kept,
    set: Kept,
}

#[derive(Debug, Default)]
struct PodMemory {
    registered: Kept,
    drained: Kept,
}

/// What led to the present state.
#[derive(Debug, Default)]
pub struct Memory {
    /// The events of the append that is being read: an event may be caused by one that was decided on with it.
    append: VecDeque<Arc<Step>>,
    sessions: HashMap<SessionId, SessionMemory>,
    adapters: HashMap<AdapterName, AdapterMemory>,
    pods: HashMap<PodName, PodMemory>,
    life: Option<Life>,
}

impl Memory {
    /// One that also keeps everything about one session.
    #[must_use]
    pub fn with_life_of(session: SessionId) -> Self {
        Self { life: Some(Life::of(session)), ..Self::default() }
    }

    #[must_use]
    pub fn life(&self) -> Option<&Life> {
        self.life.as_ref()
    }

    /// Why a session is as it is, oldest event first.
    #[must_use]
    pub fn why(&self, session: &SessionId, fleet: &Fleet) -> Vec<Line> {
        let mut steps = BTreeMap::new();
        let owned = fleet.session(session).is_some_and(|entry| entry.lease.is_some());
        if let Some(memory) = self.sessions.get(session) {
            let present = if owned { [&memory.claimed, &memory.reported, &memory.ordered] } else { [&memory.ended, &None, &None] };
            for step in present {
                chain(step.as_ref(), &mut steps);
            }
        }
        if let Some(memory) = self.adapters.get(&session.adapter) {
            chain(memory.set.as_ref().or(memory.configured.as_ref()), &mut steps);
        }
        lines(&steps)
    }

    /// What can be said of an event only from the state before it. Worked out then, because to keep that state for later would
    /// make the fold copy whatever it changes.
    pub(in crate::audit) fn foresee(&self, before: &Fleet, recorded: &Recorded) -> Foreseen {
        let because = self.because(before, recorded);
        Foreseen { because, life: self.life.as_ref().map(|life| life.foresee(before, &recorded.event)) }
    }

    /// What an event follows from.
    fn because(&self, before: &Fleet, recorded: &Recorded) -> Kept {
        let named = recorded.cause.and_then(|cause| self.find(cause, &recorded.event));
        named.or_else(|| match &recorded.event {
            Event::SessionReleased(event) => self.why_released(before, event),
            Event::LeaseExpired(event) => self.superseded(before, &event.session),
            _ => None,
        })
    }

    /// A cause is an event of the same append, or the end of the same session's ownership before.
    fn find(&self, cause: Position, event: &Event) -> Kept {
        let is_cause = |step: &&Arc<Step>| step.recorded.position == cause;
        let ended = || match event {
            Event::SessionClaimed(event) => self.sessions.get(&event.session)?.ended.as_ref().filter(is_cause),
            _ => None,
        };
        self.append.iter().rev().find(is_cause).or_else(ended).cloned()
    }

    /// A release names no cause, because the pod only says that it has closed the session. What it was told to do is known.
    fn why_released(&self, before: &Fleet, event: &SessionReleased) -> Kept {
        let adapter = before.adapter(&event.session.adapter)?;
        let memory = self.adapters.get(&event.session.adapter);
        if !adapter.enabled {
            return memory?.set.clone();
        }
        if event.session.ordinal >= adapter.spec.replicas {
            return memory?.configured.clone();
        }
        let ordered = self.sessions.get(&event.session).and_then(|memory| memory.ordered.clone());
        ordered.or_else(|| self.superseded(before, &event.session)).or_else(|| self.draining(before, &event.session))
    }

    /// The newer start of the owner's name, if there is one.
    fn superseded(&self, before: &Fleet, session: &SessionId) -> Kept {
        self.pods.get(&owner_in(before, session, RegistrationState::Superseded)?)?.registered.clone()
    }

    fn draining(&self, before: &Fleet, session: &SessionId) -> Kept {
        self.pods.get(&owner_in(before, session, RegistrationState::Draining)?)?.drained.clone()
    }

    /// Takes an event in that was just folded.
    pub(in crate::audit) fn remember(&mut self, after: &Fleet, recorded: Recorded, Foreseen { because, life: seen }: Foreseen) {
        if self.append.back().is_some_and(|step| step.recorded.recorded_at != recorded.recorded_at) {
            self.append.clear();
        }
        if self.append.len() >= APPEND_KEPT {
            self.append.pop_front();
        }
        let step = Arc::new(Step { recorded, because });
        self.append.push_back(step.clone());
        if let (Some(life), Some(before)) = (&mut self.life, seen) {
            life.observe(before, after, &step);
        }
        self.keep(&step);
    }

    fn keep(&mut self, step: &Arc<Step>) {
        let kept = Some(step.clone());
        match &step.recorded.event {
            Event::SessionClaimed(event) => {
                self.sessions.insert(event.session.clone(), SessionMemory { claimed: kept, ..SessionMemory::default() });
            }
            Event::SessionStatusChanged(event) => self.session(&event.session).reported = kept,
            Event::SessionMoveOrdered(event) => self.session(&event.session).ordered = kept,
            Event::SessionReleased(event) => {
                self.sessions.insert(event.session.clone(), SessionMemory { ended: kept, ..SessionMemory::default() });
            }
            Event::LeaseExpired(event) => {
                self.sessions.insert(event.session.clone(), SessionMemory { ended: kept, ..SessionMemory::default() });
            }
            Event::AdapterDeclared(event) => {
                self.adapters.insert(event.adapter.clone(), AdapterMemory { configured: kept, set: None });
            }
            Event::AdapterRevised(event) => self.adapters.entry(event.adapter.clone()).or_default().configured = kept,
            Event::AdapterEnabled(event) => self.adapters.entry(event.adapter.clone()).or_default().set = kept,
            Event::AdapterDisabled(event) => self.adapters.entry(event.adapter.clone()).or_default().set = kept,
            Event::AdapterDeleted(event) => {
                self.adapters.remove(&event.adapter);
                self.sessions.retain(|session, _| session.adapter != event.adapter);
            }
            Event::PodRegistered(event) => {
                self.pods.insert(event.pod.clone(), PodMemory { registered: kept, drained: None });
            }
            Event::PodDrained(event) => self.pods.entry(event.pod.clone()).or_default().drained = kept,
            Event::PodResumed(event) => self.pods.entry(event.pod.clone()).or_default().drained = None,
            _ => {}
        }
    }

    fn session(&mut self, session: &SessionId) -> &mut SessionMemory {
        self.sessions.entry(session.clone()).or_default()
    }
}

/// The pod that owns a session, if its registration is in this state.
fn owner_in(fleet: &Fleet, session: &SessionId, state: RegistrationState) -> Option<PodName> {
    let lease = fleet.session(session)?.lease.as_ref()?;
    let registration = fleet.registration(lease.registration)?;
    (registration.state == state).then(|| registration.holder.pod.clone())
}
