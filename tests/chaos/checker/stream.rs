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
    wrong.extend(heard_late(evidence));
    wrong
}

/// When each event was heard of.
fn times(evidence: &Evidence, subscriber: usize) -> BTreeMap<i64, Duration> {
    let own = evidence.heard.iter().filter(|heard| heard.subscriber == subscriber);
    // The first time, if somebody doubles it.
    own.rev().map(|heard| (heard.position, heard.at)).collect()
}

/// An orchestrator that nobody asks, and that hears no notifications, looks at the log by itself.
fn heard_late(evidence: &Evidence) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let heard: Vec<_> = (0..ORCHESTRATORS).map(|subscriber| times(evidence, subscriber)).collect();
    let alone = evidence.faults.iter().filter(|fault| fault.kind == "notifications lost, and nobody asks");
    for fault in alone.filter(|fault| !evidence.is_later_than_the_run(fault.span.to + SOON)) {
        for (subscriber, late) in
            (0..ORCHESTRATORS).filter_map(|subscriber| Some((subscriber, left_alone(evidence, fault, &heard, subscriber)?)))
        {
            wrong.push(Violation::new("stream", format!("subscriber {subscriber} heard {late} late during {fault:?}")));
        }
    }
    wrong
}

/// How soon a subscriber hears of an event while nothing but notifications and pods are troubled.
const SOON: Duration = Duration::from_secs(2);

/// Once all is calm nobody has missed anything.
pub(super) fn judge_end(evidence: &Evidence) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let calm = evidence.calm_position;
    for subscriber in 0..ORCHESTRATORS {
        let heard = times(evidence, subscriber);
        let last = heard.keys().last().copied().unwrap_or_default();
        if last < calm {
            wrong.push(Violation::new("stream", format!("subscriber {subscriber} heard nothing after {last}, and the log went to {calm}")));
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
const BY_ITSELF: Duration = Duration::from_millis(300);

/// How much of what happened while one orchestrator was left alone was heard there long after it was heard at the other, if that is a
/// third. A busy machine makes both late, and who could not listen says nothing.
fn left_alone(evidence: &Evidence, fault: &Happened, heard: &[BTreeMap<i64, Duration>], subscriber: usize) -> Option<String> {
    // It begins a moment after the fault, and ends a moment before.
    let (from, to) = (fault.span.from + BY_ITSELF * 4, fault.span.to.saturating_sub(BY_ITSELF * 5));
    let mut late = (0, 0);
    for (position, told) in heard[subscriber].iter().filter(|(_, told)| **told < fault.span.to) {
        let (at, first) = (evidence.recorded(*position), heard.iter().filter_map(|times| times.get(position)).min().unwrap_or(told));
        if at > from && at < to {
            late.0 += usize::from(told.saturating_sub(*first) > BY_ITSELF + evidence.stall_within(*first, *told));
            late.1 += 1;
        }
    }
    (late.1 >= 5 && late.0 * 3 > late.1).then(|| format!("{} of {} events", late.0, late.1))
}

fn troubled(evidence: &Evidence, from: Duration, to: Duration) -> bool {
    let of_pods_alone = |on: &[Target]| !on.is_empty() && on.iter().all(|target| matches!(target, Target::Pod(_)));
    let around = (from.saturating_sub(SOON), to + SOON);
    let harmless = |fault: &&Happened| fault.kind.starts_with("notifications lost") || of_pods_alone(&fault.on);
    evidence.faults.iter().filter(|fault| !harmless(fault)).any(|fault| fault.span.overlaps(around.0, around.1))
}
