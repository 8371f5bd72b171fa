//! Given these events, when this command, then these events.
//!
//! Given events stand at positions 1, 2, 3 and so on, so a test can count where a cause or a token comes from.

use std::collections::BTreeMap;
use std::time::Duration;

use super::facts::{Cause, Fact};
use super::orders::Order;
use super::shapes::{holder, session};
use crate::domain::adapter::LeaseTtl;
use crate::domain::decide::{Decision, decide, provisional};
use crate::domain::event::{EpochBegan, EpochCause, Recorded};
use crate::domain::evolve::evolve;
use crate::domain::fleet::{Fleet, Session};
use crate::domain::name::{RegistrationId, SessionId};
use crate::domain::placement::Observed;
use crate::domain::refusal::Refusal;
use crate::domain::token::{Epoch, Position};

/// Silences as a test sets them; whoever is not mentioned was heard just now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Silences(BTreeMap<RegistrationId, Duration>, Duration, Option<LeaseTtl>);

impl Silences {
    pub(crate) fn set(&mut self, id: RegistrationId, silence: Duration) {
        self.0.insert(id, silence);
    }

    /// Sight was lost for a moment: silence does not count against leases of timeouts up to this one.
    pub(crate) fn void_up_to(&mut self, ttl: LeaseTtl) {
        self.2 = Some(ttl);
    }

    /// The epoch began so long ago.
    pub(crate) fn set_since_epoch(&mut self, since: Duration) {
        self.1 = since;
    }
}

impl Observed for Silences {
    fn silence(&self, registration: RegistrationId, ttl: LeaseTtl) -> Duration {
        if self.2.is_some_and(|void| ttl <= void) {
            return Duration::ZERO;
        }
        self.0.get(&registration).copied().unwrap_or_default()
    }

    fn since_epoch(&self) -> Duration {
        self.1
    }
}

pub(crate) struct Given {
    pub(crate) fleet: Fleet,
    pub(crate) silences: Silences,
}

pub(crate) fn given(facts: impl IntoIterator<Item = Fact>) -> Given {
    Given { fleet: Fleet::new(Epoch(1)), silences: Silences::default() }.and(facts)
}

impl Given {
    pub(crate) fn and(mut self, facts: impl IntoIterator<Item = Fact>) -> Self {
        for fact in facts {
            let event = fact.event(&self.fleet);
            let recorded = provisional(&self.fleet, event, None);
            self.fleet = evolve(self.fleet, &recorded).unwrap_or_else(|corrupt| panic!("what is given cannot have happened: {corrupt}"));
        }
        self
    }

    /// Nothing was heard of this pod for so many milliseconds.
    pub(crate) fn silent(mut self, pod: &str, millis: u64) -> Self {
        let (id, _) = self.fleet.registration_of(&holder(pod)).unwrap_or_else(|| panic!("{pod} is not registered here"));
        self.silences.set(id, Duration::from_millis(millis));
        self
    }

    /// No silence counts against leases whose timeout is that many milliseconds or shorter.
    pub(crate) fn void_up_to(mut self, millis: u32) -> Self {
        self.silences.void_up_to(LeaseTtl::from_millis(millis).expect("in bounds"));
        self
    }

    /// A new epoch has begun, in which positions go on.
    pub(crate) fn in_a_new_epoch(mut self) -> Self {
        let next = Epoch(self.fleet.epoch().0 + 1);
        self.fleet = in_epoch(self.fleet, next);
        self
    }

    /// So many milliseconds have passed since the epoch began.
    pub(crate) fn into_the_epoch(mut self, millis: u64) -> Self {
        self.silences.set_since_epoch(Duration::from_millis(millis));
        self
    }

    pub(crate) fn when(self, order: Order) -> Outcome {
        let command = order.for_fleet(&self.fleet);
        let result = decide(&self.fleet, &command, &self.silences);
        Outcome { before: self, result }
    }

    /// Carries out a command of which only the effect matters.
    pub(crate) fn after(self, order: Order) -> Self {
        self.when(order).afterwards()
    }

    pub(crate) fn session(&self, id: &str) -> &Session {
        self.fleet.session(&session(id)).unwrap_or_else(|| panic!("there is no session {id} here"))
    }

    /// The pod that owns a session.
    pub(crate) fn owner(&self, id: &str) -> Option<&str> {
        self.session(id).lease.as_ref().map(|lease| lease.holder.pod.as_str())
    }
}

/// What a command came to.
pub(crate) struct Outcome {
    before: Given,
    result: Result<Decision, Refusal>,
}

impl Outcome {
    fn decision(&self) -> &Decision {
        self.result.as_ref().unwrap_or_else(|refusal| panic!("refused as {}: {refusal}", refusal.code()))
    }

    /// Exactly these events, in this order.
    pub(crate) fn then(self, facts: impl IntoIterator<Item = Fact>) -> Self {
        let base = self.before.fleet.ledger_position();
        let mut fleet = self.before.fleet.clone();
        let mut proposals = self.decision().events.iter();
        for fact in facts {
            let expected = fact.event(&fleet);
            let Some(proposal) = proposals.next() else { panic!("nothing follows, expected {expected:#?}") };
            assert_eq!(proposal.event, expected);
            match fact.cause {
                None => {}
                Some(Cause::Nothing) => assert_eq!(proposal.cause, None, "cause of {expected:?}"),
                Some(Cause::Past(position)) => assert_eq!(proposal.cause, Some(position), "cause of {expected:?}"),
                Some(Cause::New(number)) => assert_eq!(proposal.cause, Some(base + number), "cause of {expected:?}"),
            }
            let recorded = provisional(&fleet, proposal.event.clone(), proposal.cause);
            fleet = evolve(fleet, &recorded).expect("what is decided can happen");
        }
        assert_eq!(proposals.collect::<Vec<_>>(), Vec::<&_>::new(), "more events than expected");
        self
    }

    pub(crate) fn then_nothing(self) -> Self {
        self.then([])
    }

    /// Exactly these sessions of the command were refused, each with this code.
    pub(crate) fn refusing(self, expected: &[(&str, &str)]) -> Self {
        let refused: Vec<(SessionId, &str)> = self.decision().refused.iter().map(|(id, why)| (id.clone(), why.code())).collect();
        let expected: Vec<_> = expected.iter().map(|(id, code)| (session(id), *code)).collect();
        assert_eq!(refused, expected);
        self
    }

    /// The command as a whole was refused with this code; gives back the words.
    pub(crate) fn refused(self, code: &str) -> String {
        match self.result {
            Ok(decision) => panic!("expected refusal as {code}, got {:#?}", decision.events),
            Err(refusal) => {
                assert_eq!(refusal.code(), code, "{refusal}");
                refusal.to_string()
            }
        }
    }

    /// The world after the events of the decision.
    pub(crate) fn afterwards(self) -> Given {
        let mut fleet = self.before.fleet.clone();
        for proposal in &self.decision().events {
            let recorded = provisional(&fleet, proposal.event.clone(), proposal.cause);
            fleet = evolve(fleet, &recorded).expect("what is decided can happen");
        }
        Given { fleet, silences: self.before.silences }
    }
}

/// The fleet after an epoch has begun.
pub(crate) fn in_epoch(fleet: Fleet, epoch: Epoch) -> Fleet {
    let next = fleet.ledger_position() + 1;
    in_epoch_at(fleet, epoch, next)
}

pub(crate) fn in_epoch_at(fleet: Fleet, epoch: Epoch, position: Position) -> Fleet {
    let (database, timeline) = (None, None);
    let began = EpochBegan { previous: fleet.epoch(), because: EpochCause::Promoted, known: None, database, timeline, wait_ms: 0 };
    let recorded = Recorded { position, epoch, ..provisional(&fleet, began.into(), None) };
    evolve(fleet, &recorded).unwrap_or_else(|corrupt| panic!("the epoch cannot begin: {corrupt}"))
}
