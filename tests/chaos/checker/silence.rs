//! Nobody is expired whose heartbeat is in the log within the lease timeout: whatever an orchestrator observed, it cannot have
//! observed more silence than there was. And nobody is given a session who was silent for so long that leases end.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Violation, epochs};
use crate::evidence::Evidence;
use crate::faults::Target;

/// How much later than it was recorded a position may be seen, beside the stalls that we know of.
const SEEN_LATE: Duration = Duration::from_millis(60);

/// How much less silence an orchestrator may have observed than there was, while nothing is wrong with any of them.
const HEARD_LATE: Duration = Duration::from_millis(400);

/// The shortest lease timeout in use: a pod without leases is lost after it.
const SHORTEST: Duration = Duration::from_secs(1);

pub(super) fn judge(evidence: &Evidence) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let mut registrations: BTreeMap<(&str, &str), i32> = BTreeMap::new();
    let mut heard: BTreeMap<i32, i64> = BTreeMap::new();
    let mut pulses = evidence.pulses.iter().peekable();
    for event in &evidence.ledger {
        while let Some(pulse) = pulses.next_if(|pulse| pulse.position < event.position) {
            heard.extend(pulse.registrations.iter().map(|registration| (*registration, pulse.position)));
        }
        let holder = (event.text("pod"), event.text("incarnation"));
        match event.kind.as_str() {
            "PodRegistered" => {
                let registration = event.data["registration"].as_i64().and_then(|id| i32::try_from(id).ok()).unwrap_or_default();
                registrations.insert(holder, registration);
                heard.insert(registration, event.position);
            }
            "LeaseExpired" | "PodLost" => {
                // One that nobody confirmed ends its timeout after the epoch began.
                let epoch = epochs::unconfirmed(evidence, event).map(|began| began.position);
                let last = registrations.get(&holder).and_then(|registration| heard.get(registration)).copied().unwrap_or_default();
                let last = epoch.unwrap_or(last);
                let (from, to) = (evidence.recorded(last), evidence.recorded(event.position));
                let silence = to.saturating_sub(from);
                let timeout = event.data["ttl_ms"].as_u64().map_or(SHORTEST, Duration::from_millis);
                // While nobody could look at the database, nobody knows when within that time it was recorded.
                let unseen = evidence.unseen_before(last);
                if silence + SEEN_LATE + evidence.stall_within(from, to) + unseen < timeout {
                    wrong.push(Violation::new("I3", format!("a heartbeat was recorded only {silence:?} before {event:?}")));
                }
            }
            "SessionClaimed" => {
                let last = registrations.get(&holder).and_then(|registration| heard.get(registration)).copied().unwrap_or_default();
                let (from, to) = (evidence.recorded(last), evidence.recorded(event.position));
                let silence = to.saturating_sub(from);
                let excused = HEARD_LATE + evidence.stall_within(from, to) + evidence.unseen_before(event.position);
                if silence > SHORTEST + excused && !control_plane_disturbed(evidence, from, to) {
                    wrong.push(Violation::new("I8", format!("granted to a pod that was silent for {silence:?}: {event:?}")));
                }
            }
            _ => {}
        }
    }
    wrong
}

/// Orchestrators that were in trouble begin anew to count silence.
fn control_plane_disturbed(evidence: &Evidence, from: Duration, to: Duration) -> bool {
    let concerned = |target: &Target| !matches!(target, Target::Pod(_));
    let faults = evidence.faults.iter().filter(|fault| fault.span.overlaps(from.saturating_sub(SHORTEST), to));
    faults.flat_map(|fault| &fault.on).any(concerned)
}
