//! Connectors as they are shown.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::connector::{ActionDescriptor, Descriptor, restart};
use crate::domain::name::ConnectorName;

/// `GET /v1/connectors`: what a connector takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConnectorView {
    #[schema(value_type = String, example = "exec")]
    pub name: ConnectorName,
    pub description: String,
    /// JSON Schema 2020-12 of an adapter's `settings`.
    #[schema(value_type = Object)]
    pub settings_schema: serde_json::Value,
    /// What its sessions can be told to do, `restart` first.
    pub actions: Vec<ActionKind>,
    /// Whether they also get actions of any other name, unless the adapter's settings list some under `actions`.
    pub passes_any_action: bool,
}

/// An action that can be ordered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ActionKind {
    #[schema(example = "set-sequence")]
    pub name: String,
    pub description: String,
    /// JSON Schema 2020-12 of its parameters.
    #[schema(value_type = Object)]
    pub parameters_schema: serde_json::Value,
}

impl ConnectorView {
    #[must_use]
    pub fn of(descriptor: &Descriptor) -> Self {
        let kind = |action: &ActionDescriptor| ActionKind {
            name: action.name.clone(),
            description: action.description.clone(),
            parameters_schema: action.parameters_schema.clone(),
        };
        Self {
            name: descriptor.connector.clone(),
            description: descriptor.description.clone(),
            settings_schema: descriptor.settings_schema.clone(),
            actions: std::iter::once(&restart()).chain(&descriptor.actions).map(kind).collect(),
            passes_any_action: descriptor.passes_any_action,
        }
    }
}
