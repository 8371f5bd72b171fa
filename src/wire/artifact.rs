//! Artifacts as they are shown.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::adapter::PutOutcome;
use super::push::AsOf;
use crate::domain::content::ContentHash;
use crate::domain::name::{AdapterName, ArtifactName};

/// `GET /v1/artifacts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArtifactList {
    pub artifacts: Vec<ArtifactView>,
}

/// `GET /v1/artifacts/{name}`. The `ETag` is the number of the newest version in quotes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArtifactView {
    #[schema(value_type = String, example = "fix44-dictionary")]
    pub name: ArtifactName,
    /// The newest.
    #[serde(flatten)]
    pub newest: ArtifactVersion,
    /// Newest first.
    pub versions: Vec<ArtifactVersion>,
    /// Who keeps it from being deleted.
    pub users: Vec<ArtifactUser>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArtifactVersion {
    pub version: u32,
    #[schema(value_type = String)]
    pub sha256: ContentHash,
    /// In bytes.
    pub size: u64,
    pub media_type: Option<String>,
    pub stored_at: DateTime<Utc>,
    pub stored_by: String,
}

/// An adapter that names an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArtifactUser {
    #[schema(value_type = String)]
    pub adapter: AdapterName,
    /// The version that it keeps to. Without one it starts with the newest.
    pub version: Option<u32>,
}

/// What `PUT /v1/artifacts/{name}` did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PutArtifactAnswer {
    #[serde(flatten)]
    pub as_of: AsOf,
    pub outcome: PutOutcome,
    pub artifact: ArtifactView,
}
