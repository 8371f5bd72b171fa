//! Plugins as they are shown.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::adapter::PutOutcome;
use super::connector::ActionKind;
use super::push::AsOf;
use crate::domain::content::ContentHash;
use crate::domain::name::{AdapterName, ConnectorName, PluginName};
use crate::domain::plugin::PluginVersion;

/// `GET /v1/plugins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PluginList {
    pub plugins: Vec<PluginView>,
}

/// `GET /v1/plugins/{name}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PluginView {
    #[schema(value_type = String, example = "feed")]
    pub name: PluginName,
    /// The one that runs.
    #[serde(flatten)]
    pub newest: PluginRelease,
    #[schema(value_type = String)]
    pub connector: ConnectorName,
    pub description: String,
    /// The program in the package for each platform; `any` is for those that are not named.
    pub platforms: BTreeMap<String, String>,
    pub licence: String,
    /// JSON Schema 2020-12 of an adapter's `settings`.
    #[schema(value_type = Object)]
    pub settings_schema: serde_json::Value,
    /// Beside `restart`, which every connector has.
    pub actions: Vec<ActionKind>,
    /// In the order of their installation, the one that runs first.
    pub versions: Vec<PluginRelease>,
    /// Who keeps it from being removed.
    #[schema(value_type = Vec<String>)]
    pub users: Vec<AdapterName>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginRelease {
    #[schema(value_type = String, example = "1.2.0")]
    pub version: PluginVersion,
    #[schema(value_type = String)]
    pub sha256: ContentHash,
    /// Of the package, in bytes.
    pub size: u64,
    /// Ed25519 over the SHA-256, in Base64.
    pub signature: Option<String>,
    /// The id of the key that the signature was checked with.
    pub signed_by: Option<String>,
    pub installed_at: DateTime<Utc>,
    pub installed_by: String,
}

/// What `PUT /v1/plugins/{name}` did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PutPluginAnswer {
    #[serde(flatten)]
    pub as_of: AsOf,
    pub outcome: PutOutcome,
    pub plugin: PluginView,
}
