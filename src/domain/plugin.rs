//! Plugins: packages that bring a connector. Each is at one version at a time, and every one that was installed is remembered.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use imbl::Vector;
use serde::{Deserialize, Serialize};

use super::adapter::{InvalidField, check_text};
use super::connector::check::check_schema;
use super::connector::{Descriptor, RESTART};
use super::content::Content;
use super::fleet::Fleet;
use super::name::{AdapterName, ConnectorName, PluginName};

/// The platform that every pod is of.
pub const ANY: &str = "any";

/// A semantic version, as its author wrote it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PluginVersion(semver::Version);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{}\" is no semantic version; write for example 1.2.0", .0.chars().take(32).flat_map(char::escape_debug).collect::<String>())]
pub struct InvalidVersion(String);

impl FromStr for PluginVersion {
    type Err = InvalidVersion;
    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let version = semver::Version::parse(text).ok().filter(|_| text.len() <= 64);
        version.map(Self).ok_or_else(|| InvalidVersion(text.to_owned()))
    }
}

impl TryFrom<String> for PluginVersion {
    type Error = InvalidVersion;
    fn try_from(text: String) -> Result<Self, InvalidVersion> {
        text.parse()
    }
}

impl From<PluginVersion> for String {
    fn from(version: PluginVersion) -> Self {
        version.to_string()
    }
}

impl fmt::Display for PluginVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a package says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginFacts {
    pub version: PluginVersion,
    pub descriptor: Descriptor,
    /// The program in the package for each platform, `linux-x86_64` for example; [`ANY`] is for those that are not named.
    pub platforms: BTreeMap<String, String>,
    pub licence: String,
}

impl PluginFacts {
    /// # Errors
    /// Names the first field that breaks a rule.
    pub fn check(&self) -> Result<(), InvalidField> {
        let Descriptor { description, settings_schema, actions, .. } = &self.descriptor;
        short("description", description, 500)?;
        short("licence", &self.licence, 100)?;
        if self.licence.is_empty() {
            return Err(InvalidField::new("licence", "it is empty; write for example Apache-2.0"));
        }
        if !settings_schema.is_object() {
            return Err(InvalidField::new("settings_schema", "it must be an object: a JSON Schema of the settings"));
        }
        check_schema(settings_schema)
            .map_err(|problem| InvalidField::new("settings_schema", format!("it is no JSON Schema: {problem}")))?;
        for (index, action) in actions.iter().enumerate() {
            let field = |name: &str| format!("actions[{index}].{name}");
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            if !(1..=63).contains(&action.name.len()) || !action.name.bytes().all(plain) {
                return Err(InvalidField::new(field("name"), "an action has a name of 1 to 63 characters from a-z, 0-9 and '-'"));
            }
            if action.name == RESTART {
                return Err(InvalidField::new(field("name"), "every connector has restart already; choose another name"));
            }
            if actions.iter().take(index).any(|other| other.name == action.name) {
                return Err(InvalidField::new(field("name"), format!("{} is there twice", action.name)));
            }
            short(&field("description"), &action.description, 500)?;
            let schema = check_schema(&action.parameters_schema);
            schema.map_err(|problem| InvalidField::new(field("parameters_schema"), format!("it is no JSON Schema: {problem}")))?;
        }
        check_platforms(&self.platforms)
    }

    /// The program for a platform, if there is one.
    #[must_use]
    pub fn entry(&self, platform: &str) -> Option<&str> {
        self.platforms.get(platform).or_else(|| self.platforms.get(ANY)).map(String::as_str)
    }
}

fn short(field: &str, text: &str, most: usize) -> Result<(), InvalidField> {
    check_text(field, text)?;
    if text.chars().count() > most { Err(InvalidField::new(field, format!("it is longer than {most} characters"))) } else { Ok(()) }
}

fn check_platforms(platforms: &BTreeMap<String, String>) -> Result<(), InvalidField> {
    if platforms.is_empty() || platforms.len() > 32 {
        return Err(InvalidField::new("platforms", "name 1 to 32 platforms, for example { linux-x86_64: bin/feed } or { any: feed.py }"));
    }
    for (platform, entry) in platforms {
        check_platform("platforms", platform)?;
        let below = !entry.is_empty() && entry.len() <= 200 && entry.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !below || entry.chars().any(|c| c.is_control() || c == '\\') {
            return Err(InvalidField::new(format!("platforms.{platform}"), "name a file of the package, for example bin/feed"));
        }
    }
    Ok(())
}

/// A platform is `any`, or system and processor.
///
/// # Errors
/// Refuses what looks otherwise.
pub fn check_platform(field: &str, platform: &str) -> Result<(), InvalidField> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'.');
    if (1..=63).contains(&platform.len()) && platform.bytes().all(plain) {
        Ok(())
    } else {
        Err(InvalidField::new(field, "a platform is any, or system and processor: linux-x86_64 for example"))
    }
}

/// A plugin as it was installed.
#[derive(Debug, Clone, PartialEq)]
pub struct InstalledVersion {
    pub facts: Arc<PluginFacts>,
    pub content: Content,
    /// The signature of the package, in Base64, and the key that it was checked with.
    pub signature: Option<String>,
    pub signed_by: Option<String>,
    pub installed_at: DateTime<Utc>,
    pub installed_by: String,
}

/// A plugin with everything that it was.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plugin {
    /// In the order of their installation; the last is the one that runs. None of it is there once the plugin is removed.
    pub versions: Vector<InstalledVersion>,
}

impl Plugin {
    #[must_use]
    pub fn newest(&self) -> Option<&InstalledVersion> {
        self.versions.last()
    }
}

impl Fleet {
    #[must_use]
    pub fn plugin(&self, name: &PluginName) -> Option<&Plugin> {
        self.plugins.get(name)
    }

    pub fn plugins(&self) -> impl Iterator<Item = (&PluginName, &Plugin)> {
        self.plugins.iter()
    }

    /// The plugin that brings a connector.
    #[must_use]
    pub fn plugin_of(&self, connector: &ConnectorName) -> Option<(&PluginName, &InstalledVersion)> {
        let mut newest = self.plugins.iter().filter_map(|(name, plugin)| Some((name, plugin.newest()?)));
        newest.find(|(_, installed)| installed.facts.descriptor.connector == *connector)
    }

    /// The adapters that a plugin runs, or that a session of theirs still runs with.
    pub fn users_of_connector(&self, connector: &ConnectorName) -> impl Iterator<Item = &AdapterName> {
        let users = self.adapters.iter().filter(move |(_, adapter)| adapter.spec.connector == *connector);
        users.map(|(name, _)| name)
    }
}
