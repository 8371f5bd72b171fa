//! What was ordered is done, and nothing else: sessions are given up for a reason, and a disabled one ends.

use std::time::Duration;

use super::Violation;
use crate::arena::pod_name;
use crate::evidence::{Deed, Evidence};
use crate::faults::Target;
use crate::ledger::{Event, Ownership};

/// How long a pod that was asked to end may take.
const TO_END: Duration = Duration::from_secs(10);

/// A disabled session is told, closes and says so.
const TO_CLOSE: Duration = Duration::from_secs(2);

/// What was over that long before has no part in what comes.
const BEFORE: Duration = Duration::from_secs(1);

pub(super) fn judge(evidence: &Evidence, owners: &[Ownership]) -> Vec<Violation> {
    let mut wrong = given_up(evidence, owners);
    wrong.extend(runs_on(evidence, owners));
    wrong
}

/// A session that is wanted is released only to be handed over. One that was disabled meanwhile was not wanted when it closed, and a
/// pod that has to end gives back what it has, whether or not anybody has heard why.
fn given_up(evidence: &Evidence, owners: &[Ownership]) -> Vec<Violation> {
    let mut wrong = Vec::new();
    for event in evidence.ledger.iter().filter(|event| event.kind == "SessionReleased" && event.data["handover"] == false) {
        let claimed = owners.iter().find(|owner| owner.token == event.token()).map_or(0, |owner| owner.claimed);
        let adapter = event.text("session").split('/').next().unwrap_or_default();
        let since = evidence.ledger.iter().filter(|other| other.position > claimed && other.position < event.position);
        let disabled = since.filter(|other| other.kind == "AdapterDisabled").any(|other| other.text("adapter") == adapter);
        let at = evidence.recorded(event.position);
        let ending = evidence.deeds.iter().any(|done| {
            let its = matches!(done.target, Target::Pod(pod) if pod_name(pod) == event.text("pod"));
            its && done.deed == Deed::Terminated && done.at < at && at < done.at + TO_END
        });
        if !disabled && !ending {
            wrong.push(Violation::new("I7", format!("given up, and nobody had asked for it: {event:?}")));
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
        for owner in running {
            let calm = calm_from(evidence, owner, evidence.recorded(disabled.position));
            let until = calm + TO_CLOSE + evidence.stall_within(calm, calm + TO_CLOSE);
            let later = |event: &&Event| event.position > disabled.position && evidence.recorded(event.position) < until;
            let again =
                evidence.ledger.iter().filter(later).any(|event| event.kind == "AdapterEnabled" && event.text("adapter") == adapter);
            let ended = owner.ended.as_ref().map(|(position, _)| evidence.recorded(*position));
            if !again && !evidence.is_later_than_the_run(until) && ended.is_none_or(|at| at > until) {
                wrong.push(Violation::new(
                    "order",
                    format!("{} ran on after {adapter} was disabled at {}", owner.session, disabled.position),
                ));
            }
        }
    }
    wrong
}

/// The first moment from which on neither the owner nor anybody who would have to tell it is disturbed, for as long as it needs.
fn calm_from(evidence: &Evidence, owner: &Ownership, from: Duration) -> Duration {
    let concerned = |target: &Target| match target {
        Target::Pod(pod) => pod_name(*pod) == owner.pod,
        Target::Orchestrator(_) | Target::Database => true,
    };
    let mut at = from;
    loop {
        let around = (at.saturating_sub(BEFORE), at + TO_CLOSE);
        let troubling = evidence.faults.iter().filter(|fault| fault.span.overlaps(around.0, around.1) && fault.on.iter().any(concerned));
        match troubling.map(|fault| fault.span.to + BEFORE + Duration::from_millis(1)).max() {
            Some(later) if later > at => at = later,
            _ => return at,
        }
    }
}
