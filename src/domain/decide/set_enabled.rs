//! Enables and disables adapters.

use super::Draft;
use crate::domain::adapter::check_text;
use crate::domain::command::{SetEnabled, Targets};
use crate::domain::event::{AdapterDisabled, AdapterEnabled};
use crate::domain::fleet::Fleet;
use crate::domain::name::AdapterName;
use crate::domain::refusal::Refusal;

/// One unknown name refuses the whole command: half a maintenance is worse than none.
pub(super) fn set_enabled(draft: &mut Draft, set: &SetEnabled) -> Result<(), Refusal> {
    if let Some(reason) = &set.reason {
        check_text("reason", reason)?;
    }
    for adapter in named(&draft.fleet, &set.targets)? {
        // Looked up anew each time, so that a name given twice is changed once.
        if draft.fleet.adapter(&adapter).is_some_and(|adapter| adapter.enabled != set.enabled) {
            let reason = set.reason.clone();
            if set.enabled {
                draft.propose(AdapterEnabled { adapter, reason }, None)?;
            } else {
                draft.propose(AdapterDisabled { adapter, reason }, None)?;
            }
        }
    }
    Ok(())
}

/// The adapters that a command is for.
pub(super) fn named(fleet: &Fleet, targets: &Targets) -> Result<Vec<AdapterName>, Refusal> {
    let names: Vec<AdapterName> = match targets {
        Targets::All => fleet.adapters().map(|(name, _)| name.clone()).collect(),
        Targets::Named(names) => names.clone(),
    };
    let unknown: Vec<AdapterName> = names.iter().filter(|name| fleet.adapter(name).is_none()).cloned().collect();
    if unknown.is_empty() { Ok(names) } else { Err(Refusal::AdaptersUnknown(unknown)) }
}
