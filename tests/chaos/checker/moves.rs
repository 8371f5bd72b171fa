//! I7: no session moves because of the control plane. Whatever expired belonged to a pod to which something was done.

use std::time::Duration;

use super::{Violation, epochs};
use crate::arena::{PODS, pod_name};
use crate::evidence::{Deed, Done, Evidence, Happened};
use crate::faults::Target;
use crate::ledger::Event;
use crate::network::tap::Stamp;

/// A pod needs this long to be heard again after something was done to it.
const AFTER: Duration = Duration::from_millis(1500);

/// What was over that long before has no part in what comes.
const BEFORE: Duration = Duration::from_millis(700);

/// Nothing can be said of what happened while we were that late ourselves.
const LATE: Duration = Duration::from_millis(250);

/// The part of a token that is a position.
const POSITION: i64 = (1 << 40) - 1;

pub(super) fn judge(evidence: &Evidence) -> Vec<Violation> {
    let ended = evidence.ledger.iter().filter(|event| event.kind == "LeaseExpired" || event.kind == "PodLost");
    let from = evidence.run.map_or(Duration::ZERO, |run| run.from);
    let unexplained = ended.filter(|event| {
        let at = evidence.recorded(event.position);
        let silence = Duration::from_millis(event.data["silence_ms"].as_u64().unwrap_or_default());
        let Some(pod) = (0..PODS).find(|pod| pod_name(*pod) == event.text("pod")) else { return true };
        let begin = at.saturating_sub(silence + AFTER);
        // A machine that stands still is no fault of anybody's.
        let stalled = evidence.stall_within(begin, at) > silence / 8;
        if let Some(began) = epochs::unconfirmed(evidence, event) {
            return !epochs::outlasted(evidence, began, event);
        }
        at > from
            && !stalled
            && !evidence.disturbed(Target::Pod(pod), begin, at)
            && !superseded(evidence, event)
            && !process_ended(evidence, event, pod, at)
    });
    let mut wrong = left_behind(evidence);
    wrong.extend(older_goes_on(evidence));
    wrong.extend(unexplained.map(|event| Violation::new("I7", format!("nothing was done to that pod: {event:?}"))));
    wrong
}

/// The process that had registered was killed or told to end, however long ago: while the database is away nothing can expire.
fn process_ended(evidence: &Evidence, expired: &Event, pod: usize, at: Duration) -> bool {
    let its = |event: &&Event| event.kind == "PodRegistered" && event.text("incarnation") == expired.text("incarnation");
    let since = evidence.ledger.iter().find(its).map_or(at, |event| evidence.recorded(event.position));
    let deadly = |done: &&Done| matches!(done.deed, Deed::Killed | Deed::Terminated) && done.target == Target::Pod(pod);
    evidence.deeds.iter().filter(deadly).any(|done| since < done.at && done.at < at)
}

/// A newer start of the pod had registered: the older one was told to end, whenever its leases ran out.
fn superseded(evidence: &Evidence, ended: &Event) -> bool {
    let of_the_pod = |event: &&Event| event.kind == "PodRegistered" && event.text("pod") == ended.text("pod");
    let before = evidence.ledger.iter().filter(of_the_pod).take_while(|event| event.position < ended.position);
    before.last().is_some_and(|newest| newest.text("incarnation") != ended.text("incarnation"))
}

/// A pod that is asked to end, while nothing else is wrong, gives everything back before it does.
fn left_behind(evidence: &Evidence) -> Vec<Violation> {
    let mut wrong = Vec::new();
    for done in evidence.deeds.iter().filter(|done| done.deed == Deed::Terminated) {
        let Target::Pod(pod) = done.target else { continue };
        // Its supervisor starts it again when it has ended.
        let again = evidence.deeds.iter().find(|other| other.target == done.target && other.deed == Deed::Started && other.at > done.at);
        let ended = again.map_or(done.at + AFTER, |again| again.at.max(done.at + AFTER));
        let (name, around) = (pod_name(pod), (done.at.saturating_sub(BEFORE), ended));
        if evidence.stall_within(around.0, around.1) > LATE {
            continue;
        }
        let concerned = |target: &Target| !matches!(target, Target::Pod(other) if *other != pod);
        let others =
            evidence.faults.iter().filter(|fault| !(fault.on == [done.target] && fault.span.from <= done.at && fault.span.to >= done.at));
        if others.filter(|fault| fault.span.overlaps(around.0, around.1)).any(|fault| fault.on.iter().any(concerned)) {
            continue;
        }
        let started =
            |event: &&Event| event.kind == "PodRegistered" && event.text("pod") == name && evidence.recorded(event.position) < done.at;
        let Some(registered) = evidence.ledger.iter().rev().find(started) else { continue };
        let its = |event: &&Event| event.kind == "LeaseExpired" && event.text("incarnation") == registered.text("incarnation");
        let late = |event: &&Event| evidence.recorded(event.position) > done.at;
        wrong.extend(evidence.ledger.iter().filter(its).filter(late).map(|event| Violation::new("I7", format!("left behind: {event:?}"))));
    }
    wrong
}

/// Whether anything but this fault concerns a pod, or those who talk to it.
fn others_concern(evidence: &Evidence, own: &Happened, pod: usize, from: Duration, to: Duration) -> bool {
    let concerned = |target: &Target| !matches!(target, Target::Pod(other) if *other != pod);
    let others = evidence.faults.iter().filter(|fault| fault.span != own.span || fault.kind != own.kind);
    others.filter(|fault| fault.span.overlaps(from, to)).any(|fault| fault.on.iter().any(concerned))
}

/// The older process of a name is told that a newer one has it, and stops.
fn older_goes_on(evidence: &Evidence) -> Vec<Violation> {
    let mut wrong = Vec::new();
    for fault in evidence.faults.iter().filter(|fault| fault.kind == "two pods of one name") {
        let [Target::Pod(pod)] = fault.on[..] else { continue };
        let name = pod_name(pod);
        let during = |event: &&Event| {
            let at = evidence.recorded(event.position);
            event.kind == "PodRegistered" && event.text("pod") == name && fault.span.overlaps(at, at)
        };
        let Some(newer) = evidence.ledger.iter().find(during) else { continue };
        let at = evidence.recorded(newer.position);
        let told = at + AFTER;
        if others_concern(evidence, fault, pod, at.saturating_sub(BEFORE), told) {
            continue;
        }
        // A token of its own is smaller than the position at which the newer one came.
        let older = |stamp: &&Stamp| stamp.line.pod == name && (stamp.line.token & POSITION) < newer.position && stamp.at > told;
        let until = |stamp: &&Stamp| stamp.at < fault.span.to;
        if let Some(stamp) = evidence.stamps.iter().filter(older).find(until) {
            wrong.push(Violation::new(
                "I7",
                format!("the older process goes on {:?} after {newer:?}: {stamp:?}", stamp.at.saturating_sub(at)),
            ));
        }
    }
    wrong
}
