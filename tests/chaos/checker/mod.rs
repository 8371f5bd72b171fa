//! Judges a run by its evidence. Pure: the same evidence gives the same verdict.

mod answers;
mod belief;
mod deadline;
mod epochs;
mod log;
mod logs;
mod moves;
mod orders;
mod readings;
mod renewals;
mod silence;
mod stream;
mod takeover;
mod vacuity;
mod witness;

use std::time::Duration;

pub use self::takeover::{Takeover, takeovers};
pub use self::vacuity::{Counts, count};
use crate::evidence::Evidence;
use crate::ledger::{Ownership, ownerships};

/// Something that must never be.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Violation {
    /// `I1` to `I9`, or what else was broken.
    pub rule: &'static str,
    pub what: String,
}

impl Violation {
    pub fn new(rule: &'static str, what: impl Into<String>) -> Self {
        Self { rule, what: what.into() }
    }

    /// What was broken, with how it is told, the rule first.
    pub fn told(&self) -> String {
        format!("{}: {}", self.rule, self.what)
    }

    /// Whether it is one of those that are meant: beginnings of what is told, with a ` | ` between any two.
    pub fn is_one_of(&self, meant: &str) -> bool {
        meant.split(" | ").any(|start| self.told().starts_with(start.trim()))
    }
}

/// All that is wrong. `vacuous` runs are wrong too, if a whole schedule was carried out.
pub fn judge(evidence: &Evidence, whole: bool) -> Vec<Violation> {
    let owners = match ownerships(&evidence.ledger) {
        Ok(owners) => owners,
        Err(contradiction) => return vec![Violation::new("I1", contradiction)],
    };
    let mut wrong = judge_so_far(evidence, &owners);
    wrong.extend(logs::judge(evidence, &owners));
    wrong.extend(stream::judge_end(evidence));
    wrong.extend(evidence.aftermath.iter().map(|what| Violation::new("I6", what)));
    if whole {
        let short = evidence.run.is_some_and(|run| run.to.saturating_sub(run.from) < Duration::from_mins(2));
        wrong.extend(vacuity::judge(&count(evidence), short));
    }
    wrong
}

/// What is wrong already, while the run goes on.
pub fn glance(evidence: &Evidence) -> Vec<Violation> {
    match ownerships(&evidence.ledger) {
        Ok(owners) => judge_so_far(evidence, &owners),
        Err(contradiction) => vec![Violation::new("I1", contradiction)],
    }
}

/// The rules that need not know what comes next.
fn judge_so_far(evidence: &Evidence, owners: &[Ownership]) -> Vec<Violation> {
    let mut wrong = log::judge(&evidence.ledger, owners);
    wrong.extend(witness::judge(evidence, owners));
    wrong.extend(belief::judge(evidence));
    wrong.extend(deadline::judge(evidence));
    wrong.extend(silence::judge(evidence));
    wrong.extend(renewals::judge(evidence, owners));
    wrong.extend(answers::judge(evidence));
    wrong.extend(stream::judge(evidence));
    wrong.extend(moves::judge(evidence));
    wrong.extend(readings::judge(evidence));
    wrong.extend(orders::judge(evidence, owners));
    wrong.extend(takeover::judge(evidence, owners));
    wrong
}

fn owner_of(owners: &[Ownership], session: &str, token: i64) -> Option<Ownership> {
    owners.iter().find(|owner| owner.session == session && owner.token == token).cloned()
}
