//! The events of a planned maintenance.

use serde::{Deserialize, Serialize};

use crate::domain::name::AdapterName;

/// A maintenance took these adapters down, and its end will bring them back. The `AdapterDisabled` of each follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaintenanceBegan {
    pub adapters: Vec<AdapterName>,
    pub reason: Option<String>,
}

/// The end of all maintenance. The `AdapterEnabled` of each that it brings back follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaintenanceEnded {
    pub adapters: Vec<AdapterName>,
    pub reason: Option<String>,
}
