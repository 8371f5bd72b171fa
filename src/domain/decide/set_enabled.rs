//! Enables and disables adapters.

use super::Draft;
use crate::domain::adapter::check_text;
use crate::domain::command::{SetEnabled, Targets};
use crate::domain::event::{AdapterDisabled, AdapterEnabled};
use crate::domain::name::AdapterName;
use crate::domain::refusal::Refusal;

/// One unknown name refuses the whole command: half a maintenance is worse than none.
pub(super) fn set_enabled(draft: &mut Draft, set: &SetEnabled) -> Result<(), Refusal> {
    if let Some(reason) = &set.reason {
        check_text("reason", reason)?;
    }
    let names: Vec<AdapterName> = match &set.targets {
        Targets::All => draft.fleet.adapters().map(|(name, _)| name.clone()).collect(),
        Targets::Named(names) => names.clone(),
    };
    let unknown: Vec<AdapterName> = names.iter().filter(|name| draft.fleet.adapter(name).is_none()).cloned().collect();
    if !unknown.is_empty() {
        return Err(Refusal::AdaptersUnknown(unknown));
    }
    for adapter in names {
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
