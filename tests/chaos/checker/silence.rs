//! Nobody is expired whose heartbeat is in the log within the lease timeout: whatever an orchestrator observed, it cannot have
//! observed more silence than there was. And nobody gets back what they have just lost by their silence.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use uuid::Uuid;

use super::{Violation, epochs};
use crate::evidence::Evidence;

/// How much later than it was recorded a position may be seen, beside the stalls that we know of.
const SEEN_LATE: Duration = Duration::from_millis(60);

/// The shortest lease timeout in use: a pod without leases is lost after it.
const SHORTEST: Duration = Duration::from_secs(1);

pub(super) fn judge(evidence: &Evidence) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let mut registrations: BTreeMap<(&str, &str), i32> = BTreeMap::new();
    let mut heard: BTreeMap<i32, i64> = BTreeMap::new();
    // Leases that ended, with the request that is the same for all of one append, and whose they were.
    let mut ended: BTreeSet<(Option<Uuid>, &str, &str)> = BTreeSet::new();
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
                if epoch.is_none() {
                    ended.insert((event.request, event.text("session"), event.text("incarnation")));
                }
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
            "SessionClaimed" if ended.contains(&(event.request, event.text("session"), event.text("incarnation"))) => {
                wrong.push(Violation::new("I8", format!("granted to the pod whose silence has just ended its lease: {event:?}")));
            }
            _ => {}
        }
    }
    wrong
}
