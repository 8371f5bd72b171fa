//! Installs and removes plugins. The package was looked into before; what it may be called, and when it may go, is decided here.

use super::Draft;
use crate::domain::command::InstallPlugin;
use crate::domain::connector::built_in;
use crate::domain::content::Content;
use crate::domain::event::{PluginInstalled, PluginRemoved};
use crate::domain::fleet::Fleet;
use crate::domain::name::{ConnectorName, PluginName};
use crate::domain::plugin::PluginFacts;
use crate::domain::refusal::Refusal;

/// Installs a version, unless it is the one that runs already. Any other may follow, an older one too: that is how to go back.
pub(super) fn install(draft: &mut Draft, install: &InstallPlugin) -> Result<(), Refusal> {
    install.facts.check()?;
    let InstallPlugin { plugin: name, facts, content, signed } = install;
    let connector = &facts.descriptor.connector;
    check_connector(&draft.fleet, name, connector)?;
    if let Some(before) = draft.fleet.plugin(name) {
        let newest = before.newest();
        if newest.is_some_and(|newest| newest.content == *content) {
            return Ok(());
        }
        // Whoever reads a version must be able to rely on what it is.
        if before.versions.iter().any(|other| other.facts.version == facts.version && other.content != *content) {
            return Err(Refusal::PluginVersionTaken { plugin: name.clone(), version: facts.version.clone() });
        }
        if let Some(old) = newest.map(|newest| &newest.facts.descriptor.connector).filter(|old| *old != connector) {
            check_unused(&draft.fleet, name, old)?;
        }
    }
    let PluginFacts { version, descriptor, platforms, licence } = facts.clone();
    let Content { sha256, size } = *content;
    let (signature, signed_by) = signed.clone().unzip();
    let event = PluginInstalled { plugin: name.clone(), version, sha256, size, descriptor, platforms, licence, signature, signed_by };
    draft.propose(event, None).map(drop)
}

pub(super) fn remove(draft: &mut Draft, name: &PluginName) -> Result<(), Refusal> {
    let plugin = draft.fleet.plugin(name).ok_or_else(|| Refusal::PluginUnknown(name.clone()))?;
    let connector = plugin.newest().map(|newest| newest.facts.descriptor.connector.clone());
    connector.map_or(Ok(()), |connector| check_unused(&draft.fleet, name, &connector))?;
    draft.propose(PluginRemoved { plugin: name.clone() }, None).map(drop)
}

fn check_connector(fleet: &Fleet, name: &PluginName, connector: &ConnectorName) -> Result<(), Refusal> {
    let taken = |by: String| Err(Refusal::ConnectorTaken { connector: connector.clone(), by });
    if built_in(connector).is_some() {
        return taken("it is compiled in".into());
    }
    match fleet.plugin_of(connector) {
        Some((other, _)) if other != name => taken(format!("plugin {other} brings it")),
        _ => Ok(()),
    }
}

fn check_unused(fleet: &Fleet, name: &PluginName, connector: &ConnectorName) -> Result<(), Refusal> {
    let adapters: Vec<_> = fleet.users_of_connector(connector).cloned().collect();
    if adapters.is_empty() { Ok(()) } else { Err(Refusal::PluginInUse { plugin: name.clone(), connector: connector.clone(), adapters }) }
}
