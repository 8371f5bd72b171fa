//! Adapter documents as people write them, and adapters as they are shown.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::push::AsOf;
use crate::domain::adapter::{AdapterSpec, InvalidField, Labels, LeaseTtl, Mode, OnLeaseLoss, Placement};
use crate::domain::name::{AdapterName, ConnectorName, SessionId};
use crate::domain::status::{AdminState, OperationalStatus};
use crate::domain::token::Position;

/// An adapter as an operator declares it. `GET` gives back what `PUT` took, with every default written out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdapterDocument {
    #[schema(value_type = String, example = "venue-a")]
    pub name: AdapterName,
    #[schema(value_type = String, example = "exec")]
    pub connector: ConnectorName,
    #[schema(value_type = String, example = "exclusive")]
    pub mode: Mode,
    #[serde(default = "one")]
    pub replicas: u16,
    /// 500ms to 1h.
    #[schema(value_type = String, example = "15s")]
    #[serde(default, with = "as_text")]
    pub lease_ttl: LeaseTtl,
    /// Left out: new adapters are disabled, others stay as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    #[serde(default = "default_priority")]
    pub priority: i32,
    #[serde(default)]
    pub placement: PlacementDocument,
    #[schema(value_type = String, example = "stop")]
    #[serde(default)]
    pub on_lease_loss: OnLeaseLoss,
    #[serde(default)]
    pub artifacts: Vec<String>,
    #[schema(value_type = Object)]
    #[serde(default)]
    pub settings: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacementDocument {
    #[serde(default)]
    pub labels: Labels,
    #[serde(default = "one_unit")]
    pub capacity: u32,
}

impl Default for PlacementDocument {
    fn default() -> Self {
        Self { labels: Labels::new(), capacity: 1 }
    }
}

fn one() -> u16 {
    1
}

fn one_unit() -> u32 {
    1
}

fn default_priority() -> i32 {
    AdapterSpec::DEFAULT_PRIORITY
}

/// Durations in documents are texts such as `15s`.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::domain::adapter::LeaseTtl;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(super) fn serialize<S: Serializer>(ttl: &LeaseTtl, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(ttl)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<LeaseTtl, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|invalid: super::InvalidField| de::Error::custom(invalid.problem))
    }
}

impl AdapterDocument {
    /// The configuration, checked.
    ///
    /// # Errors
    /// Names the first field that breaks a rule.
    pub fn into_spec(self) -> Result<AdapterSpec, InvalidField> {
        let spec = AdapterSpec {
            connector: self.connector,
            mode: self.mode,
            replicas: self.replicas,
            lease_ttl_ms: self.lease_ttl,
            priority: self.priority,
            placement: Placement { labels: self.placement.labels, capacity: self.placement.capacity },
            on_lease_loss: self.on_lease_loss,
            artifacts: self.artifacts,
            settings: self.settings,
        };
        spec.check()?;
        Ok(spec)
    }

    #[must_use]
    pub fn from_spec(name: AdapterName, enabled: bool, spec: AdapterSpec) -> Self {
        Self {
            name,
            connector: spec.connector,
            mode: spec.mode,
            replicas: spec.replicas,
            lease_ttl: spec.lease_ttl_ms,
            enabled: Some(enabled),
            priority: spec.priority,
            placement: PlacementDocument { labels: spec.placement.labels, capacity: spec.placement.capacity },
            on_lease_loss: spec.on_lease_loss,
            artifacts: spec.artifacts,
            settings: spec.settings,
        }
    }
}

/// `GET /v1/adapters[/{name}]`. The `ETag` is the revision in quotes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AdapterView {
    #[serde(flatten)]
    pub document: AdapterDocument,
    pub revision: u32,
    pub admin_state: AdminState,
    /// The least well of its sessions.
    pub status: OperationalStatus,
    pub reason: Option<String>,
    #[schema(value_type = Vec<String>)]
    pub sessions: Vec<SessionId>,
    pub changed_at: DateTime<Utc>,
    /// Whether a session of it runs with an older revision, and would run otherwise after a restart.
    #[serde(default)]
    pub pending_restart: bool,
}

/// `GET /v1/adapters/{name}/revisions`: what an adapter said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RevisionView {
    pub revision: u32,
    pub at: DateTime<Utc>,
    pub actor: String,
    /// Of the event that made it.
    pub position: Position,
    /// Says nothing of the administrative state, so to `PUT` it leaves that alone.
    pub document: AdapterDocument,
}

/// A page of revisions, newest first. `next` is the `before` of the next page, and absent on the last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RevisionPage {
    pub revisions: Vec<RevisionView>,
    pub next: Option<u32>,
}

/// Something about a document that is worth a second look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Warning {
    pub field: String,
    pub message: String,
}

/// What `PUT /v1/adapters/{name}` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PutOutcome {
    Created,
    Updated,
    Unchanged,
}

impl fmt::Display for PutOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
        })
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PutAnswer {
    #[serde(flatten)]
    pub as_of: AsOf,
    pub outcome: PutOutcome,
    pub adapter: AdapterView,
    /// Literals that look like secrets.
    #[serde(default)]
    pub warnings: Vec<Warning>,
}

/// `POST /v1/adapters/enable` and `…/disable`: either `names` or `all`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdminStateRequest {
    #[schema(value_type = Vec<String>)]
    #[serde(default)]
    pub names: Vec<AdapterName>,
    #[serde(default)]
    pub all: bool,
    /// Why; kept in the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdminStateAnswer {
    #[serde(flatten)]
    pub as_of: AsOf,
    /// Adapters whose administrative state changed.
    #[schema(value_type = Vec<String>)]
    pub changed: Vec<AdapterName>,
    /// Adapters that were in the wanted state already.
    #[schema(value_type = Vec<String>)]
    pub unchanged: Vec<AdapterName>,
}
