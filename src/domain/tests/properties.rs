//! Whatever is wanted, in whatever order, under whatever silence: the rules hold after every decision (I1, I5, and I6 for the
//! indexes of the fold).
//!
//! Events are folded at the positions that the log would give them, with gaps for pulses, not at those that the decision
//! assumed.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::given::in_epoch_at;
use super::rules::{Decided, Ownership, Verdict};
use super::walk::{Step, walk};
use crate::domain::decide::{Decision, decide, provisional};
use crate::domain::event::{Event, Recorded};
use crate::domain::evolve::evolve;
use crate::domain::fleet::Fleet;
use crate::domain::refusal::Refusal;
use crate::domain::token::{Epoch, Position};

/// The log in small.
struct World {
    fleet: Fleet,
    epoch: Epoch,
    /// The last position, pulses included.
    head: Position,
    ownership: Ownership,
    seen: BTreeSet<String>,
}

impl World {
    fn new() -> Self {
        Self { fleet: Fleet::new(Epoch(1)), epoch: Epoch(1), head: 0, ownership: Ownership::default(), seen: BTreeSet::new() }
    }

    fn take(&mut self, step: &Step) -> Verdict {
        self.head += step.pulses;
        if step.new_epoch && self.fleet.ledger_position() > 0 {
            self.begin_epoch()?;
        }
        let (command, observed) = (step.command(&self.fleet), step.silences(&self.fleet));
        let decision = match decide(&self.fleet, &command, &observed) {
            Ok(decision) => decision,
            Err(Refusal::Fault(corrupt)) => return Err(TestCaseError::fail(format!("a decision contradicts history: {corrupt}"))),
            Err(refusal) => {
                self.seen.insert(refusal.code().into());
                return Ok(());
            }
        };
        let before = self.fleet.clone();
        self.append(&decision)?;
        self.ownership.agrees_with(&self.fleet)?;
        let everybody_speaks = step.everybody_speaks();
        Decided { before: &before, command: &command, observed: &observed, everybody_speaks, decision: &decision, after: &self.fleet }
            .check()
    }

    /// History may have been lost: every lease has to be confirmed.
    fn begin_epoch(&mut self) -> Verdict {
        self.epoch = Epoch(self.epoch.0 + 1);
        self.head = self.head.max(self.fleet.ledger_position() + 1);
        self.fleet = in_epoch_at(self.fleet.clone(), self.epoch, self.head);
        self.ownership.agrees_with(&self.fleet)
    }

    /// What was decided at `ledger_position + 1` and on comes to stand after the pulses, and causes move along.
    fn append(&mut self, decision: &Decision) -> Verdict {
        let (base, first) = (self.fleet.ledger_position(), self.head + 1);
        for proposal in &decision.events {
            let cause = proposal.cause.map(|cause| if cause > base { first + (cause - base - 1) } else { cause });
            self.head += 1;
            let recorded = Recorded { position: self.head, epoch: self.epoch, ..provisional(&self.fleet, proposal.event.clone(), cause) };
            self.fleet = evolve(self.fleet.clone(), &recorded).map_err(|corrupt| TestCaseError::fail(corrupt.to_string()))?;
            self.ownership.follow(&recorded)?;
            self.note(&recorded.event);
        }
        self.seen.extend(decision.refused.iter().map(|(_, why)| why.code().to_owned()));
        Ok(())
    }

    fn note(&mut self, event: &Event) {
        self.seen.insert(match event {
            Event::SessionClaimed(claim) => format!("{:?}", claim.kind),
            Event::SessionReleased(release) if release.handover => "SessionReleased to move".into(),
            other => other.type_name().into(),
        });
    }
}

fn config(cases: u32) -> Config {
    // What fails is printed, shrunk; there is no file of seeds to keep beside the source.
    Config { cases, failure_persistence: None, ..Config::default() }
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn the_rules_hold_after_every_decision(steps in walk()) {
        let mut world = World::new();
        for step in &steps {
            world.take(step)?;
        }
    }
}

/// A walk that never got anywhere would keep every rule. What is granted by name is left out: standing claims leave hardly
/// anything to ask for.
#[test]
fn walks_get_everywhere() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..150 {
        let steps = walk().new_tree(&mut runner).expect("a walk").current();
        let mut world = World::new();
        for step in &steps {
            world.take(step).expect("the rules hold");
        }
        seen.append(&mut world.seen);
    }
    let expected = [
        "AdapterDeclared",
        "AdapterDeleted",
        "AdapterDisabled",
        "AdapterEnabled",
        "AdapterRevised",
        "EpochSettled",
        "LeaseConfirmed",
        "LeaseExpired",
        "MaintenanceEnded",
        "PodDrained",
        "PodLeft",
        "PodLost",
        "PodRegistered",
        "PodResumed",
        "ActionOrdered",
        "ActionAnswered",
        "SessionMoveOrdered",
        "SessionReleased",
        "SessionReleased to move",
        "SessionStatusChanged",
        "Placement",
        "Takeover",
        "Handover",
        "adapter-enabled",
        "adapter-disabled",
        "adapter-unknown",
        "cannot-run-there",
        "epoch-settling",
        "lease-not-held",
        "mode-in-use",
        "moving-already",
        "not-owned",
        "owned-already",
        "owned-by-another",
        "pod-holds-sessions",
        "pod-superseded",
        "pod-unknown",
        "registration-differs",
        "session-owned",
        "session-unknown",
        "token-from-the-future",
    ];
    let missed: Vec<_> = expected.into_iter().filter(|what| !seen.contains(*what)).collect();
    assert!(missed.is_empty(), "never seen: {missed:?}");
}
