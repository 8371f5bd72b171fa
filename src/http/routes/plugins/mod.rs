//! Plugins: installed, listed, read, removed.

pub(crate) mod content;
pub(crate) mod list;
pub(crate) mod put;
pub(crate) mod remove;

use crate::domain::connector::ActionDescriptor;
use crate::domain::fleet::Fleet;
use crate::domain::name::PluginName;
use crate::domain::plugin::{InstalledVersion, Plugin};
use crate::wire::connector::ActionKind;
use crate::wire::plugin::{PluginRelease, PluginView};

fn view(fleet: &Fleet, name: &PluginName, plugin: &Plugin) -> Option<PluginView> {
    let newest = plugin.newest()?;
    let descriptor = &newest.facts.descriptor;
    let kind = |action: &ActionDescriptor| ActionKind {
        name: action.name.clone(),
        description: action.description.clone(),
        parameters_schema: action.parameters_schema.clone(),
    };
    Some(PluginView {
        name: name.clone(),
        newest: release(newest),
        connector: descriptor.connector.clone(),
        description: descriptor.description.clone(),
        platforms: newest.facts.platforms.clone(),
        licence: newest.facts.licence.clone(),
        settings_schema: descriptor.settings_schema.clone(),
        actions: descriptor.actions.iter().map(kind).collect(),
        versions: plugin.versions.iter().rev().map(release).collect(),
        users: fleet.users_of_connector(&descriptor.connector).cloned().collect(),
    })
}

fn release(installed: &InstalledVersion) -> PluginRelease {
    PluginRelease {
        version: installed.facts.version.clone(),
        sha256: installed.content.sha256,
        size: installed.content.size,
        signature: installed.signature.clone(),
        signed_by: installed.signed_by.clone(),
        installed_at: installed.installed_at,
        installed_by: installed.installed_by.clone(),
    }
}
