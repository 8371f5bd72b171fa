//! A planned maintenance: takes adapters down, remembers them, and brings back exactly those.

use super::Draft;
use super::set_enabled::named;
use crate::domain::adapter::check_text;
use crate::domain::command::Targets;
use crate::domain::event::{AdapterDisabled, AdapterEnabled, MaintenanceBegan, MaintenanceEnded};
use crate::domain::name::AdapterName;
use crate::domain::refusal::Refusal;

/// Adapters that are disabled already are left to whoever disabled them. Begun twice, it covers what either named.
pub(super) fn begin(draft: &mut Draft, targets: &Targets, reason: Option<&String>) -> Result<(), Refusal> {
    check_reason(reason)?;
    let mut names = named(&draft.fleet, targets)?;
    names.retain(|name| draft.fleet.adapter(name).is_some_and(|adapter| adapter.enabled));
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Ok(());
    }
    let cause = draft.propose(MaintenanceBegan { adapters: names.clone(), reason: reason.cloned() }, None)?;
    for adapter in names {
        draft.propose(AdapterDisabled { adapter, reason: reason.cloned() }, Some(cause))?;
    }
    Ok(())
}

pub(super) fn end(draft: &mut Draft, reason: Option<&String>) -> Result<(), Refusal> {
    check_reason(reason)?;
    let names: Vec<AdapterName> = draft.fleet.maintained().cloned().collect();
    if names.is_empty() {
        return Err(Refusal::NoMaintenance);
    }
    let cause = draft.propose(MaintenanceEnded { adapters: names.clone(), reason: reason.cloned() }, None)?;
    for adapter in names {
        draft.propose(AdapterEnabled { adapter, reason: reason.cloned() }, Some(cause))?;
    }
    Ok(())
}

fn check_reason(reason: Option<&String>) -> Result<(), Refusal> {
    reason.map_or(Ok(()), |reason| check_text("reason", reason)).map_err(Into::into)
}
