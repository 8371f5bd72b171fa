//! A run in which nothing happened proves nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Violation;
use super::logs::said;
use crate::client::Answer;
use crate::evidence::{Asked, Evidence};

#[derive(Debug, Clone, Default, Serialize)]
pub struct Counts {
    pub faults: BTreeMap<&'static str, usize>,
    pub claims: BTreeMap<String, usize>,
    pub expiries: usize,
    /// Writes under an old token that the witness refused.
    pub refused_stale_writes: usize,
    pub accepted_writes: usize,
    /// Sessions that pods stopped because their lease was lost, or could not be renewed.
    pub fencings: usize,
    pub unknown_outcomes: usize,
    pub acknowledged: usize,
    pub forbidden_refused: usize,
    pub readings: usize,
    pub events_heard: usize,
}

impl Counts {
    pub fn faults(&self) -> usize {
        self.faults.values().sum()
    }

    /// Sessions that changed hands, planned or not.
    pub fn moves(&self) -> usize {
        self.claims.values().sum()
    }
}

pub fn count(evidence: &Evidence) -> Counts {
    let mut counts = Counts::default();
    for fault in &evidence.faults {
        *counts.faults.entry(fault.kind).or_default() += 1;
    }
    for event in evidence.ledger.iter().filter(|event| event.kind == "SessionClaimed") {
        *counts.claims.entry(event.text("kind").to_owned()).or_default() += 1;
    }
    counts.expiries = evidence.ledger.iter().filter(|event| event.kind == "LeaseExpired").count();
    counts.refused_stale_writes = evidence.witnessed.iter().filter(|entry| entry.refused.is_some()).count();
    counts.accepted_writes = evidence.witnessed.len() - counts.refused_stale_writes;
    let fenced = |line: &&serde_json::Value| said(line).starts_with("was fenced") || said(line).starts_with("stopping: the lease");
    counts.fencings = evidence.logs.iter().flat_map(|logs| &logs.lines).filter(fenced).count();
    for request in &evidence.requests {
        match (&request.answer, &request.asked) {
            (Answer::Unknown, _) => counts.unknown_outcomes += 1,
            (Answer::Done(_), _) => counts.acknowledged += 1,
            (Answer::Refused { .. }, Asked::Forbidden(_)) => counts.forbidden_refused += 1,
            _ => {}
        }
    }
    counts.readings = evidence.readings.len();
    counts.events_heard = evidence.heard.len();
    counts
}

/// A minute on a busy machine may be over before an old line arrives, so `short` runs need not see one refused.
pub(super) fn judge(counts: &Counts, short: bool) -> Vec<Violation> {
    let claims = |kind: &str| counts.claims.get(kind).copied().unwrap_or_default();
    let needed = [
        ("expiries", counts.expiries),
        ("takeovers", claims("takeover")),
        ("handovers", claims("handover")),
        ("refused stale writes", counts.refused_stale_writes + usize::from(short)),
        ("fencings", counts.fencings),
        ("unknown outcomes", counts.unknown_outcomes),
        ("acknowledged commands", counts.acknowledged),
        ("forbidden requests", counts.forbidden_refused),
        ("readings", counts.readings),
        ("events heard", counts.events_heard),
    ];
    needed.iter().filter(|(_, count)| *count == 0).map(|(what, _)| Violation::new("vacuous", format!("there were no {what}"))).collect()
}
