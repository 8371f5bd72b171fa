//! I7: no session moves because of the control plane. Whatever expired belonged to a pod to which something was done.

use std::time::Duration;

use super::{Violation, recorded};
use crate::arena::{PODS, pod_name};
use crate::evidence::Evidence;
use crate::faults::Target;

/// A pod needs this long to be heard again after something was done to it.
const AFTER: Duration = Duration::from_millis(1500);

pub(super) fn judge(evidence: &Evidence) -> Vec<Violation> {
    let ended = evidence.ledger.iter().filter(|event| event.kind == "LeaseExpired" || event.kind == "PodLost");
    let from = evidence.run.map_or(Duration::ZERO, |run| run.from);
    let unexplained = ended.filter(|event| {
        let at = recorded(evidence, event.recorded_us);
        let silence = Duration::from_millis(event.data["silence_ms"].as_u64().unwrap_or_default());
        let Some(pod) = (0..PODS).find(|pod| pod_name(*pod) == event.text("pod")) else { return true };
        let begin = at.saturating_sub(silence + AFTER);
        // A machine that stands still is no fault of anybody's.
        let stalled = evidence.stall_within(begin, at) > silence / 8;
        at > from && !evidence.disturbed(Target::Pod(pod), begin, at) && !stalled
    });
    unexplained.map(|event| Violation::new("I7", format!("nothing was done to that pod: {event:?}"))).collect()
}
