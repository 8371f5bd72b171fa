//! A pod passes on what its connectors say.

use super::{Draft, speaker};
use crate::domain::adapter::InvalidField;
use crate::domain::command::{Entry, Log};
use crate::domain::entry::{MAX_ENTRIES, MAX_MESSAGE};
use crate::domain::event::SessionLogged;
use crate::domain::fleet::Fleet;
use crate::domain::name::Holder;
use crate::domain::refusal::Refusal;

/// Each entry is kept or refused on its own: only who owns a session has anything to say about it.
pub(super) fn log(draft: &mut Draft, log: &Log) -> Result<(), Refusal> {
    if log.entries.len() > MAX_ENTRIES {
        let problem = format!("{} entries are more than the {MAX_ENTRIES} that one request may bring", log.entries.len());
        return Err(InvalidField::new("entries", problem).into());
    }
    speaker(&draft.fleet, &log.holder, &log.access_token)?;
    for entry in &log.entries {
        match judge(&draft.fleet, &log.holder, entry) {
            Ok(()) => {
                let Entry { session, token, level, category, .. } = entry.clone();
                let message = entry.message.replace('\0', "\u{fffd}").chars().take(MAX_MESSAGE).collect();
                draft.propose(SessionLogged { session, token, level, category, message }, None)?;
            }
            Err(refusal) => draft.refuse(&entry.session, refusal),
        }
    }
    Ok(())
}

fn judge(fleet: &Fleet, holder: &Holder, entry: &Entry) -> Result<(), Refusal> {
    let session = fleet.session(&entry.session).ok_or_else(|| Refusal::SessionUnknown(entry.session.clone()))?;
    let own = session.lease.as_ref().is_some_and(|lease| lease.holder == *holder && lease.token == entry.token);
    let over = || Refusal::LeaseNotHeld {
        session: entry.session.clone(),
        given: entry.token,
        why: "another run of the session owns it, or none".into(),
    };
    if own { Ok(()) } else { Err(over()) }
}
