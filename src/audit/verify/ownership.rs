//! Who owned what from where to where, collected from the events alone: neither the fold nor SQL has a hand in it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::report::{Check, Difference};
use crate::domain::event::{ClaimKind, Event, Recorded, SessionClaimed};
use crate::domain::name::{Holder, SessionId};
use crate::domain::token::{FencingToken, Position};

/// How an ownership ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub(super) at: Position,
    pub(super) until: DateTime<Utc>,
    pub(super) expired: bool,
}

/// One ownership, small: a long history has hundreds of thousands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) token: FencingToken,
    pub(super) previous: Option<FencingToken>,
    pub(super) session: u32,
    pub(super) holder: u32,
    pub(super) registration: i32,
    pub(super) kind: ClaimKind,
    pub(super) from: Position,
    pub(super) since: DateTime<Utc>,
    pub(super) end: Option<End>,
}

/// All ownerships so far, in the order of their claims.
#[derive(Debug, Default)]
pub(super) struct Ownerships {
    intervals: Vec<Interval>,
    open: HashMap<FencingToken, usize>,
    last_of: Vec<Option<FencingToken>>,
    sessions: Names<SessionId>,
    holders: Names<Holder>,
}

impl Ownerships {
    pub(super) fn follow(&mut self, recorded: &Recorded) -> Result<(), Difference> {
        match &recorded.event {
            Event::SessionClaimed(claim) => self.begin(recorded, claim),
            Event::SessionReleased(event) => self.end(recorded, event.token, false),
            Event::LeaseExpired(event) => self.end(recorded, event.token, true),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, recorded: &Recorded, claim: &SessionClaimed) -> Result<(), Difference> {
        let wrong = |problem: String| Difference::at(Check::Ownership, recorded.position, problem);
        let token = FencingToken::new(recorded.epoch, recorded.position).map_err(|error| wrong(error.to_string()))?;
        let session = self.sessions.number(&claim.session);
        if self.last_of.len() <= session as usize {
            self.last_of.resize(session as usize + 1, None);
        }
        let Some(last) = self.last_of.get_mut(session as usize) else { return Ok(()) };
        let previous = last.replace(token);
        if let Some(previous) = previous.filter(|previous| *previous >= token) {
            return Err(wrong(format!("token {token} of {} follows {previous}: it does not grow", claim.session)));
        }
        self.open.insert(token, self.intervals.len());
        self.intervals.push(Interval {
            token,
            previous,
            session,
            holder: self.holders.number(&claim.holder()),
            registration: claim.registration.0,
            kind: claim.kind,
            from: recorded.position,
            since: recorded.recorded_at,
            end: None,
        });
        Ok(())
    }

    fn end(&mut self, recorded: &Recorded, token: FencingToken, expired: bool) -> Result<(), Difference> {
        let open = self.open.remove(&token).and_then(|index| self.intervals.get_mut(index));
        let none =
            || Difference::at(Check::Ownership, recorded.position, format!("it ends an ownership under token {token} that nobody has"));
        open.ok_or_else(none)?.end = Some(End { at: recorded.position, until: recorded.recorded_at, expired });
        Ok(())
    }

    /// The first moment at which a session has two owners.
    pub(super) fn overlap(&self) -> Result<(), Difference> {
        let mut order: Vec<&Interval> = self.intervals.iter().collect();
        order.sort_unstable_by_key(|interval| (interval.session, interval.from));
        let pairs = order.iter().zip(order.iter().skip(1)).filter(|(first, second)| first.session == second.session);
        let overlaps = pairs.filter(|(first, second)| first.end.is_none_or(|end| end.at > second.from));
        let Some((first, second)) = overlaps.min_by_key(|(_, second)| second.from) else { return Ok(()) };
        let problem = format!("{} has two owners: {} still and {} already", self.session(second), self.holder(first), self.holder(second));
        Err(Difference::at(Check::Ownership, second.from, problem))
    }

    pub(super) fn intervals(&self) -> &[Interval] {
        &self.intervals
    }

    /// Tokens grow with positions, so the order of claims is theirs.
    pub(super) fn find(&self, token: i64) -> Option<usize> {
        self.intervals.binary_search_by_key(&token, |interval| interval.token.as_i64()).ok()
    }

    pub(super) fn session(&self, interval: &Interval) -> String {
        self.sessions.name(interval.session).map(ToString::to_string).unwrap_or_default()
    }

    pub(super) fn holder(&self, interval: &Interval) -> String {
        self.holders.name(interval.holder).map(ToString::to_string).unwrap_or_default()
    }

    /// Pod and incarnation.
    pub(super) fn parts(&self, interval: &Interval) -> Option<(&SessionId, &Holder)> {
        Some((self.sessions.name(interval.session)?, self.holders.name(interval.holder)?))
    }
}

/// A number for each name that was ever seen, so that intervals stay small.
#[derive(Debug)]
struct Names<T> {
    numbers: HashMap<T, u32>,
    names: Vec<T>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), names: Vec::new() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Names<T> {
    fn number(&mut self, name: &T) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.numbers.insert(name.clone(), number);
        self.names.push(name.clone());
        number
    }

    fn name(&self, number: u32) -> Option<&T> {
        self.names.get(number as usize)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::adapter::LeaseTtl;
    use crate::domain::event::{LeaseExpired, SessionReleased};
    use crate::domain::name::RegistrationId;
    use crate::domain::token::Epoch;

    fn recorded(epoch: i32, position: Position, event: impl Into<Event>) -> Recorded {
        let (id, recorded_at, actor) = (Uuid::nil(), DateTime::UNIX_EPOCH, String::new());
        Recorded { position, epoch: Epoch(epoch), id, recorded_at, actor, request_id: None, cause: None, event: event.into() }
    }

    fn claim(epoch: i32, position: Position, pod: &str) -> Recorded {
        let claim = SessionClaimed {
            session: "a/0".parse().expect("a session"),
            pod: pod.parse().expect("a pod"),
            incarnation: "i".parse().expect("an incarnation"),
            registration: RegistrationId(1),
            kind: ClaimKind::Placement,
            ttl_ms: LeaseTtl::DEFAULT,
            revision: 1,
            units: 1,
        };
        recorded(epoch, position, claim)
    }

    fn release(position: Position, of: Position) -> Recorded {
        let (session, pod) = ("a/0".parse().expect("a session"), "p".parse().expect("a pod"));
        let token = FencingToken::new(Epoch(1), of).expect("a token");
        recorded(1, position, SessionReleased { session, token, pod, incarnation: "i".parse().expect("an incarnation"), handover: false })
    }

    fn expiry(position: Position, of: Position) -> Recorded {
        let Event::SessionReleased(SessionReleased { session, token, pod, incarnation, .. }) = release(position, of).event else {
            panic!("a release")
        };
        let ttl_ms = LeaseTtl::DEFAULT;
        recorded(1, position, LeaseExpired { session, token, pod, incarnation, silence_ms: 0, ttl_ms, safety_margin_ms: 0 })
    }

    fn followed(history: &[Recorded]) -> Result<Ownerships, Difference> {
        let mut ownerships = Ownerships::default();
        history.iter().try_for_each(|recorded| ownerships.follow(recorded))?;
        ownerships.overlap()?;
        Ok(ownerships)
    }

    fn refused_at(history: &[Recorded]) -> Option<Position> {
        followed(history).expect_err("a difference").position
    }

    #[test]
    fn one_owner_after_another_is_sound() {
        let ownerships = followed(&[claim(1, 1, "p"), release(2, 1), claim(1, 3, "q"), expiry(5, 3), claim(1, 6, "p")]).expect("sound");
        let ends: Vec<_> = ownerships.intervals().iter().map(|interval| interval.end.map(|end| (end.at, end.expired))).collect();
        assert_eq!(ends, [Some((2, false)), Some((5, true)), None]);
        let [first, second, _] = ownerships.intervals() else { panic!("three") };
        assert_eq!((first.previous, second.previous), (None, Some(first.token)));
        assert_eq!(ownerships.find(second.token.as_i64()), Some(1));
    }

    #[test]
    fn two_owners_at_a_time_are_named_by_the_second_claim() {
        assert_eq!(refused_at(&[claim(1, 1, "p"), claim(1, 4, "q")]), Some(4));
        assert_eq!(refused_at(&[claim(1, 1, "p"), claim(1, 4, "q"), release(5, 1)]), Some(4));
    }

    #[test]
    fn a_token_that_does_not_grow_is_named() {
        assert_eq!(refused_at(&[claim(2, 1, "p"), claim(1, 4, "q")]), Some(4));
    }

    #[test]
    fn nothing_ends_twice() {
        assert_eq!(refused_at(&[claim(1, 1, "p"), release(2, 1), expiry(3, 1)]), Some(3));
    }
}
