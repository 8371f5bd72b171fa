//! I4 and I9: what clients were told, and what the log holds. Success is in the log, once; an unknown outcome is there once or
//! not at all; a refusal is not there; and nobody got what is forbidden.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::Violation;
use crate::client::Answer;
use crate::evidence::{Asked, Evidence, Request};
use crate::ledger::Event;

pub(super) fn judge(evidence: &Evidence) -> Vec<Violation> {
    let mut by_key: BTreeMap<Uuid, Vec<&Request>> = BTreeMap::new();
    for request in &evidence.requests {
        by_key.entry(request.key).or_default().push(request);
    }
    let mut made: BTreeMap<&str, usize> = BTreeMap::new();
    for event in evidence.ledger.iter().filter(|event| event.kind == "AccessTokenCreated") {
        *made.entry(event.text("name")).or_default() += 1;
    }
    let logged: BTreeSet<Uuid> = evidence.ledger.iter().filter_map(|event| event.request).collect();
    let mut wrong = twice(&evidence.ledger);
    for (key, requests) in &by_key {
        let told = Told::of(requests);
        match &requests[0].asked {
            Asked::Token(name) => {
                let times = made.get(name.as_str()).copied().unwrap_or_default();
                if !told.allows(times) {
                    wrong.push(Violation::new("I4", format!("{name} is in the log {times} times, and clients were told {requests:?}")));
                }
            }
            Asked::Forbidden(what) => {
                if told.done || logged.contains(key) {
                    wrong.push(Violation::new("I9", format!("{what} was let in: {requests:?}")));
                }
            }
            Asked::Overreach(what) => {
                if logged.contains(key) {
                    wrong.push(Violation::new("I9", format!("{what} was carried out: {requests:?}")));
                }
            }
            Asked::Revoke if told.done && !logged.contains(key) => {
                wrong.push(Violation::new("I4", format!("a revocation was acknowledged and is not in the log: {requests:?}")));
            }
            Asked::Move | Asked::Toggle | Asked::Drain | Asked::Revoke | Asked::Claim => {}
        }
    }
    wrong
}

/// All that clients were told of one request.
struct Told {
    done: bool,
    unknown: bool,
}

impl Told {
    fn of(requests: &[&Request]) -> Self {
        // Refused because its token was shown before: it was carried out then.
        let done = |request: &&Request| match &request.answer {
            Answer::Done(_) => true,
            Answer::Refused { code } => code == "token-shown-already",
            Answer::Unreachable | Answer::Unknown => false,
        };
        let unknown = requests.iter().any(|request| matches!(request.answer, Answer::Unknown));
        Self { done: requests.iter().any(done), unknown }
    }

    fn allows(&self, times: usize) -> bool {
        match times {
            0 => !self.done,
            1 => self.done || self.unknown,
            _ => false,
        }
    }
}

/// A request is one append: its events stand side by side.
fn twice(ledger: &[Event]) -> Vec<Violation> {
    let mut last: BTreeMap<Uuid, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (index, event) in ledger.iter().enumerate() {
        let Some(id) = event.request else { continue };
        if let Some(before) = last.insert(id, index)
            && before + 1 != index
        {
            wrong.push(Violation::new("I4", format!("request {id} was carried out twice: {:?} and {event:?}", ledger[before])));
        }
    }
    wrong
}
