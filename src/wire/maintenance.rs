//! A planned maintenance, as it is asked for and told of.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::push::AsOf;
use crate::domain::name::AdapterName;

/// `DELETE /v1/maintenance`, optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndMaintenance {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MaintenanceAnswer {
    #[serde(flatten)]
    pub as_of: AsOf,
    /// Adapters that this request disabled or enabled.
    #[schema(value_type = Vec<String>)]
    pub changed: Vec<AdapterName>,
    /// All adapters that the end of the maintenance will enable.
    #[schema(value_type = Vec<String>)]
    pub adapters: Vec<AdapterName>,
}
