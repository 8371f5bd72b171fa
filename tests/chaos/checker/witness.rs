//! I2 at the end that it protects, and that whoever wrote was the owner by the log.

use std::collections::BTreeMap;

use super::{Violation, owner_of};
use crate::evidence::Evidence;
use crate::ledger::Ownership;

pub(super) fn judge(evidence: &Evidence, owners: &[Ownership]) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let mut highest: BTreeMap<&str, i64> = BTreeMap::new();
    let mut seen = BTreeMap::new();
    for entry in &evidence.witnessed {
        let line = &entry.line;
        if entry.refused.as_deref().is_some_and(|reason| reason.ends_with("'s")) {
            wrong.push(Violation::new("I2", format!("two pods wrote under one token: {entry:?}")));
        }
        if entry.refused.is_some() {
            continue;
        }
        let known = highest.entry(&line.session).or_default();
        if line.token < *known {
            wrong.push(Violation::new("I2", format!("accepted after token {known}: {entry:?}")));
        }
        *known = line.token.max(*known);
        seen.entry((&line.session, line.token, &line.pod)).or_insert(entry);
    }
    for ((session, token, pod), entry) in seen {
        let owner = owner_of(owners, session, token);
        if owner.as_ref().is_none_or(|owner| owner.pod != *pod) {
            wrong.push(Violation::new("I1", format!("{pod} ran {session} under {token}, which the log gave to {owner:?}: {entry:?}")));
        }
    }
    wrong
}
