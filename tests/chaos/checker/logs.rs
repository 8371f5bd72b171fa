//! What processes must not say of themselves, and that each runs only what the log gave to its own incarnation.

use serde_json::Value;

use super::{Violation, owner_of};
use crate::evidence::{Evidence, Logs};
use crate::ledger::Ownership;

/// Words that mean that one part of the system has caught another at a mistake.
const ALARMS: [&str; 4] = ["the database refused", "LOST ACKNOWLEDGED EVENTS", "the log cannot be folded", "cannot decide on expiries"];

pub(super) fn judge(evidence: &Evidence, owners: &[Ownership]) -> Vec<Violation> {
    let mut wrong = Vec::new();
    for logs in &evidence.logs {
        wrong.extend(logs.panics.iter().map(|panic| Violation::new("panic", format!("{}: {panic}", logs.name))));
        for line in &logs.lines {
            let message = said(line);
            if ALARMS.iter().any(|alarm| message.contains(alarm)) {
                wrong.push(Violation::new("I1", format!("{}: {line}", logs.name)));
            }
        }
        wrong.extend(strangers(logs, owners));
    }
    wrong
}

pub(super) fn said(line: &Value) -> &str {
    line["fields"]["message"].as_str().unwrap_or_default()
}

/// Sessions that a process started under a token of somebody else.
fn strangers(logs: &Logs, owners: &[Ownership]) -> Vec<Violation> {
    let incarnation = logs.lines.iter().find_map(|line| line["fields"]["incarnation"].as_str());
    let Some(incarnation) = incarnation.filter(|_| !logs.name.starts_with("orchestrator")) else { return Vec::new() };
    let started = logs.lines.iter().filter(|line| said(line) == "starting").filter_map(|line| {
        let fields = &line["fields"];
        Some((fields["session"].as_str()?, fields["token"].as_str()?.parse::<i64>().ok()?))
    });
    let stranger = started.filter_map(|(session, token)| {
        let owner = owner_of(owners, session, token);
        owner.as_ref().is_none_or(|owner| owner.incarnation != incarnation).then(|| {
            let what = format!("{} ({incarnation}) started {session} under {token}, which the log gave to {owner:?}", logs.name);
            Violation::new("I1", what)
        })
    });
    stranger.collect()
}
