//! I5, that claims follow from what came before (I6), and that every event names its actor: what the event table says by itself. That
//! nobody overlaps (I1) is found while the ownerships are worked out.

use std::collections::BTreeMap;

use super::Violation;
use crate::ledger::{Event, Ownership};

pub(super) fn judge(ledger: &[Event], owners: &[Ownership]) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let mut highest: BTreeMap<&str, i64> = BTreeMap::new();
    for owner in owners {
        let known = highest.entry(&owner.session).or_default();
        if owner.token <= *known {
            wrong.push(Violation::new("I5", format!("the token of {} went from {known} to {}", owner.session, owner.token)));
        }
        *known = owner.token;
    }
    wrong.extend(misnamed(ledger));
    for event in ledger {
        if event.actor.is_empty() {
            wrong.push(Violation::new("I9", format!("nobody did {} at {}", event.kind, event.position)));
        }
        // A pod acts only for itself: its access token has its name.
        let own = matches!(event.kind.as_str(), "SessionReleased" | "PodRegistered" | "PodLeft");
        if own && !event.actor.contains(event.text("pod")) {
            let what = format!("{} of {} at {} was done by {}", event.kind, event.text("pod"), event.position, event.actor);
            wrong.push(Violation::new("I9", what));
        }
    }
    wrong
}

/// A claim says why the session was free: whoever decided on it knew what the log says. One by name, or of a session that was disabled
/// meanwhile, says less.
fn misnamed(ledger: &[Event]) -> Vec<Violation> {
    let mut freed: BTreeMap<&str, (&str, &Event)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for event in ledger {
        let session = event.text("session");
        match event.kind.as_str() {
            "LeaseExpired" => drop(freed.insert(session, ("takeover", event))),
            "SessionReleased" if event.data["handover"] == true => drop(freed.insert(session, ("handover", event))),
            "SessionReleased" => drop(freed.remove(session)),
            "AdapterEnabled" | "AdapterDisabled" => freed.retain(|session, _| session.split('/').next() != Some(event.text("adapter"))),
            "SessionClaimed" => {
                let expected = freed.remove(session).filter(|(kind, _)| ![*kind, "request"].contains(&event.text("kind")));
                wrong.extend(expected.map(|(kind, by)| Violation::new("I6", format!("no {kind}, after {by:?}: {event:?}"))));
            }
            _ => {}
        }
    }
    wrong
}
