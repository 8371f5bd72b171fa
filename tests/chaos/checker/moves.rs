//! I7: no session moves because of the control plane. Whatever expired belonged to a pod to which something was done.

use std::time::Duration;

use super::Violation;
use crate::arena::{PODS, pod_name};
use crate::evidence::{Evidence, Happened};
use crate::faults::Target;
use crate::ledger::Event;

/// A pod needs this long to be heard again after something was done to it.
const AFTER: Duration = Duration::from_millis(1500);

const TERMINATED: &str = "pod terminated";

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
        at > from && !superseded(evidence, event) && !excused(evidence, pod, begin, at) && !stalled
    });
    unexplained.map(|event| Violation::new("I7", format!("nothing was done to that pod: {event:?}"))).collect()
}

/// Something was done to the pod for which its leases may run out. One that is merely asked to end gives them back before.
fn excused(evidence: &Evidence, pod: usize, from: Duration, to: Duration) -> bool {
    let touching = |fault: &&Happened| fault.span.overlaps(from, to);
    let asked = evidence.faults.iter().filter(touching).any(|fault| fault.kind == TERMINATED && fault.on.contains(&Target::Pod(pod)));
    let disturbed = evidence.faults.iter().filter(touching).any(|fault| fault.kind != TERMINATED && fault.on.contains(&Target::Pod(pod)));
    disturbed || (asked && evidence.disturbed_but(&[TERMINATED], from.saturating_sub(AFTER), to))
}

/// A newer start of the pod had registered: the older one was told to end, whenever its leases ran out.
fn superseded(evidence: &Evidence, ended: &Event) -> bool {
    let of_the_pod = |event: &&Event| event.kind == "PodRegistered" && event.text("pod") == ended.text("pod");
    let before = evidence.ledger.iter().filter(of_the_pod).take_while(|event| event.position < ended.position);
    before.last().is_some_and(|newest| newest.text("incarnation") != ended.text("incarnation"))
}
