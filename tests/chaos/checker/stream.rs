//! A subscriber sees every event once and in order, whatever happens to whom it listens to.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Violation;
use crate::arena::ORCHESTRATORS;
use crate::evidence::{Evidence, Happened};
use crate::faults::Target;

pub(super) fn judge(evidence: &Evidence) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let ledger: BTreeMap<i64, &str> = evidence.ledger.iter().map(|event| (event.position, event.id.as_str())).collect();
    // They listen on while the log is read for the last time.
    let read_to = evidence.ledger.last().map_or(0, |event| event.position);
    for subscriber in 0..ORCHESTRATORS {
        let mut last = evidence.subscribed_after;
        for heard in evidence.heard.iter().filter(|heard| heard.subscriber == subscriber && heard.position <= read_to) {
            if heard.position <= last {
                wrong.push(Violation::new("stream", format!("subscriber {subscriber} heard {} after {last}", heard.position)));
            } else if let Some((missed, _)) = ledger.range(last + 1..heard.position).next() {
                wrong.push(Violation::new("stream", format!("subscriber {subscriber} heard {} and never {missed}", heard.position)));
            }
            if ledger.get(&heard.position) != Some(&heard.id.as_str()) {
                wrong.push(Violation::new("I4", format!("subscriber {subscriber} heard {heard:?}, which the log does not hold")));
            }
            last = last.max(heard.position);
        }
    }
    wrong
}

/// How soon a subscriber hears of an event while nothing but notifications and pods are troubled.
const SOON: Duration = Duration::from_secs(2);

/// Once all is calm nobody has missed anything; and where nothing was in the way it did not take long.
pub(super) fn judge_end(evidence: &Evidence) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let calm = evidence.calm_position;
    for subscriber in 0..ORCHESTRATORS {
        let heard: BTreeMap<i64, Duration> =
            evidence.heard.iter().filter(|heard| heard.subscriber == subscriber).map(|heard| (heard.position, heard.at)).collect();
        let last = heard.keys().last().copied().unwrap_or_default();
        if last < calm {
            wrong.push(Violation::new("stream", format!("subscriber {subscriber} heard nothing after {last}, and the log went to {calm}")));
        }
        let alone = evidence.faults.iter().filter(|fault| fault.kind == "notifications lost, and nobody asks");
        for fault in alone.filter(|fault| left_alone(evidence, fault, &heard)) {
            wrong.push(Violation::new("stream", format!("subscriber {subscriber} heard late what happened during {fault:?}")));
        }
        for event in &evidence.ledger {
            let (at, Some(told)) = (evidence.recorded(event.position), heard.get(&event.position)) else { continue };
            let late = told.saturating_sub(at);
            if late > SOON + evidence.stall_within(at, *told) && !troubled(evidence, at, *told) {
                wrong.push(Violation::new("stream", format!("subscriber {subscriber} heard of {} only {late:?} later", event.position)));
            }
        }
    }
    wrong
}

/// An orchestrator that nobody asks, and whose notifications are lost, looks at the log by itself, several times in any lease.
const BY_ITSELF: Duration = Duration::from_millis(400);

/// Whether a third of what happened while it was left alone was heard late.
fn left_alone(evidence: &Evidence, fault: &Happened, heard: &BTreeMap<i64, Duration>) -> bool {
    let (from, to) = (fault.span.from + BY_ITSELF, fault.span.to.saturating_sub(BY_ITSELF * 4));
    let meanwhile = heard.iter().map(|(position, told)| (evidence.recorded(*position), *told)).filter(|(at, _)| *at > from && *at < to);
    let late = |(at, told): &(Duration, Duration)| told.saturating_sub(*at) > BY_ITSELF + evidence.stall_within(*at, *told);
    let (all, late) = meanwhile.fold((0, 0), |(all, lates), pair| (all + 1, lates + usize::from(late(&pair))));
    all >= 3 && late * 3 > all
}

fn troubled(evidence: &Evidence, from: Duration, to: Duration) -> bool {
    let of_pods_alone = |on: &[Target]| !on.is_empty() && on.iter().all(|target| matches!(target, Target::Pod(_)));
    let around = (from.saturating_sub(SOON), to + SOON);
    let harmless = |fault: &&Happened| fault.kind.starts_with("notifications lost") || of_pods_alone(&fault.on);
    evidence.faults.iter().filter(|fault| !harmless(fault)).any(|fault| fault.span.overlaps(around.0, around.1))
}
