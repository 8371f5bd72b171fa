//! What happens to plugins. Their packages lie beside the log, like the content of artifacts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::connector::Descriptor;
use crate::domain::content::{Content, ContentHash};
use crate::domain::name::PluginName;
use crate::domain::plugin::{PluginFacts, PluginVersion};

/// A plugin, or another version of it. Sessions that run keep what they began with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PluginInstalled {
    pub plugin: PluginName,
    pub version: PluginVersion,
    pub sha256: ContentHash,
    /// Of the package, in bytes.
    pub size: u64,
    /// The connector that it brings.
    pub descriptor: Descriptor,
    pub platforms: BTreeMap<String, String>,
    pub licence: String,
    /// In Base64. Kept, so that pods can check it too.
    pub signature: Option<String>,
    /// The id of the key that the signature was checked with.
    pub signed_by: Option<String>,
}

impl PluginInstalled {
    #[must_use]
    pub fn content(&self) -> Content {
        Content { sha256: self.sha256, size: self.size }
    }

    #[must_use]
    pub fn facts(&self) -> PluginFacts {
        PluginFacts {
            version: self.version.clone(),
            descriptor: self.descriptor.clone(),
            platforms: self.platforms.clone(),
            licence: self.licence.clone(),
        }
    }
}

/// The end of a plugin whose connector no adapter names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginRemoved {
    pub plugin: PluginName,
}
