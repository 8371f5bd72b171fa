//! Nobody is expired whose heartbeat is in the log within the lease timeout. By the database's clock alone: whatever an
//! orchestrator observed, it cannot have observed more silence than that.

use std::collections::BTreeMap;

use super::Violation;
use crate::evidence::Evidence;

/// Two clocks of one machine run at slightly different rates, and times are whole milliseconds.
const ROUNDING_US: i64 = 3_000;

/// The shortest lease timeout in use: a pod without leases is lost after it.
const SHORTEST_MS: i64 = 1_000;

pub(super) fn judge(evidence: &Evidence) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let mut registrations: BTreeMap<(&str, &str), i32> = BTreeMap::new();
    let mut heard: BTreeMap<i32, i64> = BTreeMap::new();
    let mut pulses = evidence.pulses.iter().peekable();
    for event in &evidence.ledger {
        while let Some(pulse) = pulses.next_if(|pulse| pulse.position < event.position) {
            heard.extend(pulse.registrations.iter().map(|registration| (*registration, pulse.recorded_us)));
        }
        let holder = (event.text("pod"), event.text("incarnation"));
        match event.kind.as_str() {
            "PodRegistered" => {
                let registration = event.data["registration"].as_i64().and_then(|id| i32::try_from(id).ok()).unwrap_or_default();
                registrations.insert(holder, registration);
                heard.insert(registration, event.recorded_us);
            }
            "LeaseExpired" | "PodLost" => {
                let last = registrations.get(&holder).and_then(|registration| heard.get(registration)).copied().unwrap_or_default();
                let silence = event.recorded_us - last;
                let least = event.data["ttl_ms"].as_i64().unwrap_or(SHORTEST_MS) * 1000;
                if silence + ROUNDING_US < least {
                    wrong.push(Violation::new("I3", format!("a heartbeat was recorded {silence} us before {event:?}")));
                }
            }
            _ => {}
        }
    }
    wrong
}
