//! What is installed and removed among the plugins.

use std::sync::Arc;

use crate::domain::event::{PluginInstalled, PluginRemoved, Recorded};
use crate::domain::fleet::Fleet;
use crate::domain::plugin::InstalledVersion;

pub(super) fn install(fleet: &mut Fleet, recorded: &Recorded, event: &PluginInstalled) -> Result<(), String> {
    let connector = &event.descriptor.connector;
    if let Some((other, _)) = fleet.plugin_of(connector).filter(|(other, _)| **other != event.plugin) {
        return Err(format!("plugin {other} brings connector {connector} already"));
    }
    let mut plugin = fleet.plugins.get(&event.plugin).cloned().unwrap_or_default();
    plugin.versions.push_back(InstalledVersion {
        facts: Arc::new(event.facts()),
        content: event.content(),
        signature: event.signature.clone(),
        signed_by: event.signed_by.clone(),
        installed_at: recorded.recorded_at,
        installed_by: recorded.actor.clone(),
    });
    fleet.plugins.insert(event.plugin.clone(), plugin);
    Ok(())
}

pub(super) fn remove(fleet: &mut Fleet, event: &PluginRemoved) -> Result<(), String> {
    fleet.plugins.remove(&event.plugin).map(drop).ok_or_else(|| format!("there is no plugin {}", event.plugin))
}
