//! Declares, revises and deletes adapters.

use super::Draft;
use crate::domain::artifact::check_references;
use crate::domain::command::{Precondition, PutAdapter};
use crate::domain::event::{AdapterDeclared, AdapterDeleted, AdapterDisabled, AdapterEnabled, AdapterRevised};
use crate::domain::fleet::Adapter;
use crate::domain::name::AdapterName;
use crate::domain::refusal::Refusal;

pub(super) fn put(draft: &mut Draft, put: &PutAdapter) -> Result<(), Refusal> {
    put.spec.check()?;
    let name = &put.adapter;
    let existing = draft.fleet.adapter(name).cloned();
    check(name, existing.as_ref(), put.precondition)?;
    if existing.as_ref().is_none_or(|before| *before.spec != put.spec) {
        check_references(&draft.fleet, &put.spec.artifacts)?;
    }
    let enabled = existing.as_ref().is_some_and(|adapter| adapter.enabled);
    // Only what is new: an adapter that stands may be from before its connector had these rules.
    if existing.as_ref().is_none_or(|before| *before.spec != put.spec) {
        draft.fleet.check_settings(&put.spec)?;
    }
    match existing {
        None => {
            draft.propose(AdapterDeclared { adapter: name.clone(), revision: 1, spec: put.spec.clone() }, None)?;
        }
        Some(before) if *before.spec != put.spec => {
            let running = draft.fleet.sessions_of(name).any(|(_, session)| session.lease.is_some());
            let harm = before.spec.mode != put.spec.mode || before.spec.on_lease_loss != put.spec.on_lease_loss;
            if running && harm {
                return Err(Refusal::ModeInUse(name.clone()));
            }
            draft.propose(AdapterRevised { adapter: name.clone(), revision: before.revision + 1, spec: put.spec.clone() }, None)?;
        }
        Some(_) => {}
    }
    let cause = draft.first_position();
    match put.enabled {
        Some(true) if !enabled => draft.propose(AdapterEnabled { adapter: name.clone(), reason: None }, cause).map(drop),
        Some(false) if enabled => draft.propose(AdapterDisabled { adapter: name.clone(), reason: None }, cause).map(drop),
        _ => Ok(()),
    }
}

pub(super) fn delete(draft: &mut Draft, name: &AdapterName, precondition: Precondition) -> Result<(), Refusal> {
    let adapter = draft.fleet.adapter(name).ok_or_else(|| Refusal::AdapterUnknown(name.clone()))?;
    check(name, Some(adapter), precondition)?;
    if adapter.enabled {
        return Err(Refusal::AdapterEnabled(name.clone()));
    }
    if let Some((session, _)) = draft.fleet.sessions_of(name).find(|(_, session)| session.lease.is_some()) {
        return Err(Refusal::StillOwned(session.clone()));
    }
    draft.propose(AdapterDeleted { adapter: name.clone() }, None).map(drop)
}

fn check(name: &AdapterName, adapter: Option<&Adapter>, precondition: Precondition) -> Result<(), Refusal> {
    match (precondition, adapter) {
        (Precondition::None, _) | (Precondition::Absent, None) | (Precondition::Present, Some(_)) => Ok(()),
        (Precondition::Absent, Some(_)) => Err(Refusal::AdapterExists(name.clone())),
        (Precondition::Revision(given), Some(adapter)) if adapter.revision == given => Ok(()),
        (Precondition::Revision(given), Some(adapter)) => {
            Err(Refusal::RevisionStale { adapter: name.clone(), given, actual: adapter.revision })
        }
        (Precondition::Revision(_) | Precondition::Present, None) => Err(Refusal::AdapterMissing(name.clone())),
    }
}
