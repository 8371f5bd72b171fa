//! A subscriber sees every event once and in order, whatever happens to whom it listens to.

use std::collections::BTreeMap;

use super::Violation;
use crate::arena::ORCHESTRATORS;
use crate::evidence::Evidence;

pub(super) fn judge(evidence: &Evidence) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let ledger: BTreeMap<i64, &str> = evidence.ledger.iter().map(|event| (event.position, event.id.as_str())).collect();
    for subscriber in 0..ORCHESTRATORS {
        let mut last = evidence.subscribed_after;
        for heard in evidence.heard.iter().filter(|heard| heard.subscriber == subscriber) {
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
        let calm = evidence.calm_position;
        if last < calm {
            wrong.push(Violation::new("stream", format!("subscriber {subscriber} heard nothing after {last}, and the log went to {calm}")));
        }
    }
    wrong
}
