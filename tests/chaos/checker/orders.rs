//! What was ordered is done, and nothing else: sessions are given up for a reason, and a disabled one ends.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Violation;
use crate::arena::pod_name;
use crate::evidence::Evidence;
use crate::faults::Target;
use crate::ledger::{Event, Ownership};

/// A disabled session is told, closes and says so.
const TO_CLOSE: Duration = Duration::from_secs(2);

pub(super) fn judge(evidence: &Evidence, owners: &[Ownership]) -> Vec<Violation> {
    let mut wrong = given_up(&evidence.ledger);
    wrong.extend(runs_on(evidence, owners));
    wrong
}

/// A session that is wanted is released only to be handed over.
fn given_up(ledger: &[Event]) -> Vec<Violation> {
    let mut enabled: BTreeSet<&str> = BTreeSet::new();
    let mut wrong = Vec::new();
    for event in ledger {
        match event.kind.as_str() {
            "AdapterEnabled" => drop(enabled.insert(event.text("adapter"))),
            "AdapterDisabled" => drop(enabled.remove(event.text("adapter"))),
            "SessionReleased" if event.data["handover"] == false => {
                let adapter = event.text("session").split('/').next().unwrap_or_default();
                if enabled.contains(adapter) {
                    wrong.push(Violation::new("I7", format!("given up, and nobody had asked for it: {event:?}")));
                }
            }
            _ => {}
        }
    }
    wrong
}

fn runs_on(evidence: &Evidence, owners: &[Ownership]) -> Vec<Violation> {
    let mut wrong = Vec::new();
    for disabled in evidence.ledger.iter().filter(|event| event.kind == "AdapterDisabled") {
        let adapter = disabled.text("adapter");
        let of_it = |owner: &&Ownership| owner.session.split('/').next() == Some(adapter) && owner.claimed < disabled.position;
        let running =
            owners.iter().filter(of_it).filter(|owner| owner.ended.as_ref().is_none_or(|(position, _)| *position > disabled.position));
        let from = evidence.recorded(disabled.position);
        let until = from + TO_CLOSE;
        let later = |event: &&Event| event.position > disabled.position && evidence.recorded(event.position) < until;
        let again = evidence.ledger.iter().filter(later).any(|event| event.kind == "AdapterEnabled" && event.text("adapter") == adapter);
        if again || evidence.is_later_than_the_run(until) {
            continue;
        }
        for owner in running {
            let at = owner.ended.as_ref().map(|(position, _)| evidence.recorded(*position));
            if at.is_none_or(|at| at > until) && !troubled(evidence, owner, from.saturating_sub(TO_CLOSE), until) {
                wrong.push(Violation::new(
                    "order",
                    format!("{} ran on after {adapter} was disabled at {}", owner.session, disabled.position),
                ));
            }
        }
    }
    wrong
}

/// Whether its owner, or anybody who would have to tell it, was disturbed.
fn troubled(evidence: &Evidence, owner: &Ownership, from: Duration, to: Duration) -> bool {
    let concerned = |target: &Target| match target {
        Target::Pod(pod) => pod_name(*pod) == owner.pod,
        Target::Orchestrator(_) | Target::Database => true,
    };
    evidence.faults.iter().any(|fault| fault.span.overlaps(from, to) && fault.on.iter().any(concerned))
}
