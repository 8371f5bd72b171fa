//! The events of adapters: what operators configure and switch.

use serde::{Deserialize, Serialize};

use crate::domain::adapter::AdapterSpec;
use crate::domain::name::AdapterName;

/// A new adapter, `DISABLED`, with sessions 0 to `replicas - 1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdapterDeclared {
    pub adapter: AdapterName,
    pub revision: u32,
    pub spec: AdapterSpec,
}

/// A changed configuration. Running sessions keep the revision that they were claimed with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdapterRevised {
    pub adapter: AdapterName,
    pub revision: u32,
    pub spec: AdapterSpec,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdapterDeleted {
    pub adapter: AdapterName,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdapterEnabled {
    pub adapter: AdapterName,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdapterDisabled {
    pub adapter: AdapterName,
    pub reason: Option<String>,
}
