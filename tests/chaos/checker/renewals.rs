//! I3, where it begins: what the answer to a heartbeat renews is owned at the position at which the log has that heartbeat. No clock
//! is asked, so nothing is excused.

use std::collections::BTreeMap;

use super::Violation;
use crate::evidence::Evidence;
use crate::ledger::Ownership;

pub(super) fn judge(evidence: &Evidence, owners: &[Ownership]) -> Vec<Violation> {
    let registrations = registrations(evidence);
    let recorded = recorded(evidence);
    let ends: BTreeMap<(&str, i64), i64> =
        owners.iter().filter_map(|owner| Some(((owner.session.as_str(), owner.token), owner.ended.as_ref()?.0))).collect();
    let mut wrong = Vec::new();
    for renewal in &evidence.renewals {
        let process = (renewal.pod.as_str(), renewal.incarnation.as_str());
        let numbers = registrations.get(&process).into_iter().flatten();
        let at = numbers.filter_map(|number| recorded.get(&(*number, renewal.sequence))).min();
        // A heartbeat that is not in the log yet was not answered with success, or is read about at the next look.
        let Some(at) = at else { continue };
        for (session, token) in &renewal.leases {
            if let Some(end) = ends.get(&(session.as_str(), *token)).filter(|end| *end < at) {
                let what = format!(
                    "an answer renewed {session} under {token} for {}: its heartbeat {} is recorded at {at}, and the lease ended at {end}",
                    renewal.pod, renewal.sequence
                );
                wrong.push(Violation::new("I3", what));
            }
        }
    }
    wrong
}

/// The numbers under which each process has registered.
fn registrations(evidence: &Evidence) -> BTreeMap<(&str, &str), Vec<i32>> {
    let mut all: BTreeMap<_, Vec<i32>> = BTreeMap::new();
    for event in evidence.ledger.iter().filter(|event| event.kind == "PodRegistered") {
        let number = event.data["registration"].as_i64().and_then(|number| i32::try_from(number).ok());
        all.entry((event.text("pod"), event.text("incarnation"))).or_default().extend(number);
    }
    all
}

/// Where the log has each heartbeat first: one that was sent again may be there twice.
fn recorded(evidence: &Evidence) -> BTreeMap<(i32, i64), i64> {
    let mut all = BTreeMap::new();
    for pulse in &evidence.pulses {
        for (registration, sequence) in pulse.registrations.iter().zip(&pulse.sequences) {
            all.entry((*registration, i64::from(*sequence))).or_insert(pulse.position);
        }
    }
    all
}
