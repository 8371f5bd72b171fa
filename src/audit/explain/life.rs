//! The whole life of one session: every event about it, who owned it for how long, and when nobody did.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{Line, Step, span};
use crate::domain::event::Event;
use crate::domain::fleet::Fleet;
use crate::domain::name::{PodName, SessionId};

/// Sums over a life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    pub ownerships: u64,
    /// How many of them ended by silence.
    pub expiries: u64,
    pub owned_ms: i64,
    /// The part of it at the end of expired ownerships in which nothing was heard of the owner any more.
    pub silent_ms: i64,
    /// Time in which it should have run and nobody owned it.
    pub without_owner_ms: i64,
}

/// Everything about one session, from its declaration on.
#[derive(Debug)]
pub struct Life {
    session: SessionId,
    lines: Vec<Line>,
    totals: Totals,
    /// Since when it is as it is.
    since: DateTime<Utc>,
}

impl Life {
    #[must_use]
    pub(super) fn of(session: SessionId) -> Self {
        Self { session, lines: Vec::new(), totals: Totals::default(), since: DateTime::UNIX_EPOCH }
    }

    #[must_use]
    pub fn session(&self) -> &SessionId {
        &self.session
    }

    /// Nothing if there never was such a session.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The sums, with what lasts at the end counted up to `until`.
    #[must_use]
    pub fn totals(&self, fleet: &Fleet, until: DateTime<Utc>) -> Totals {
        let mut totals = self.totals;
        count(&mut totals, Standing::of(fleet, &self.session), until - self.since);
        totals
    }

    /// How an event finds the session.
    pub(super) fn foresee(&self, before: &Fleet, event: &Event) -> Before {
        Before { standing: Standing::of(before, &self.session), concerned: self.concerns(before, event) }
    }

    /// Takes in an event, with the fleet after it.
    pub(super) fn observe(&mut self, before: Before, after: &Fleet, step: &Arc<Step>) {
        let recorded = &step.recorded;
        let (was, is) = (before.standing, Standing::of(after, &self.session));
        if before.concerned || self.begins(after, &recorded.event) {
            let mut line = Line::of(step);
            if was != is
                && let Some(remark) = was.lasted(is, recorded.recorded_at - self.since)
            {
                line.what = format!("{}; {remark}", line.what);
            }
            if let Some(silence) = Line::silence_before(step) {
                let place = self.lines.partition_point(|line| line.at <= silence.at);
                self.lines.insert(place, silence);
            }
            self.lines.push(line);
        }
        if was != is {
            count(&mut self.totals, was, recorded.recorded_at - self.since);
            self.since = recorded.recorded_at;
        }
        match &recorded.event {
            Event::SessionClaimed(event) if event.session == self.session => self.totals.ownerships += 1,
            Event::LeaseExpired(event) if event.session == self.session => {
                self.totals.expiries += 1;
                self.totals.silent_ms = self.totals.silent_ms.saturating_add_unsigned(event.silence_ms);
            }
            _ => {}
        }
    }

    /// Whether an event makes the session, for the first time or again.
    fn begins(&self, after: &Fleet, event: &Event) -> bool {
        match event {
            Event::AdapterDeclared(event) => event.adapter == self.session.adapter && has(after, &self.session),
            Event::AdapterRevised(event) => event.adapter == self.session.adapter && has(after, &self.session),
            _ => false,
        }
    }

    /// Events of the session, of its adapter, and of the pod that owns it.
    fn concerns(&self, before: &Fleet, event: &Event) -> bool {
        let (session, adapter) = (&self.session, &self.session.adapter);
        let owns = |pod: &PodName| owner(before, session).is_some_and(|owner| owner == pod);
        match event {
            Event::SessionClaimed(event) => event.session == *session,
            Event::SessionStatusChanged(event) => event.session == *session,
            Event::SessionLogged(event) => event.session == *session,
            Event::SessionMoveOrdered(event) => event.session == *session,
            Event::ActionOrdered(event) => event.session == *session,
            Event::ActionAnswered(event) => event.session == *session,
            Event::SessionReleased(event) => event.session == *session,
            Event::LeaseExpired(event) => event.session == *session,
            Event::AdapterRevised(event) => event.adapter == *adapter && has(before, session),
            Event::AdapterDeleted(event) => event.adapter == *adapter && has(before, session),
            Event::AdapterEnabled(event) => event.adapter == *adapter && has(before, session),
            Event::AdapterDisabled(event) => event.adapter == *adapter && has(before, session),
            Event::PodRegistered(event) => owns(&event.pod),
            Event::PodDrained(event) => owns(&event.pod),
            Event::PodResumed(event) => owns(&event.pod),
            _ => false,
        }
    }
}

/// A session before an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    standing: Standing,
    concerned: bool,
}

/// What the time is counted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Owned,
    /// It should run, and nobody owns it.
    Waiting,
    AtRest,
}

impl Standing {
    fn of(fleet: &Fleet, session: &SessionId) -> Self {
        match fleet.session(session) {
            Some(entry) if entry.lease.is_some() => Self::Owned,
            Some(_) if fleet.wants(session) => Self::Waiting,
            _ => Self::AtRest,
        }
    }

    /// A remark about a standing that has just ended.
    fn lasted(self, next: Self, length: TimeDelta) -> Option<String> {
        match (self, next) {
            (Self::Waiting, _) if length.num_milliseconds() <= 0 => None,
            (Self::Owned, _) => Some(format!("it had been owned for {}", span(length))),
            (Self::Waiting, Self::Owned) => Some(format!("after {} without an owner", span(length))),
            (Self::Waiting, _) => Some(format!("nobody had owned it for {}", span(length))),
            (Self::AtRest, _) => None,
        }
    }
}

fn count(totals: &mut Totals, standing: Standing, length: TimeDelta) {
    match standing {
        Standing::Owned => totals.owned_ms += length.num_milliseconds().max(0),
        Standing::Waiting => totals.without_owner_ms += length.num_milliseconds().max(0),
        Standing::AtRest => {}
    }
}

fn has(fleet: &Fleet, session: &SessionId) -> bool {
    fleet.session(session).is_some()
}

fn owner<'a>(fleet: &'a Fleet, session: &SessionId) -> Option<&'a PodName> {
    fleet.session(session)?.lease.as_ref().map(|lease| &lease.holder.pod)
}
