//! What happens to artifacts. Their bytes lie beside the log; the hash here is what they are held against.

use serde::{Deserialize, Serialize};

use crate::domain::content::{Content, ContentHash};
use crate::domain::name::ArtifactName;

/// A new version of an artifact, or its first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactStored {
    pub artifact: ArtifactName,
    pub version: u32,
    pub sha256: ContentHash,
    /// In bytes.
    pub size: u64,
    pub media_type: Option<String>,
}

impl ArtifactStored {
    #[must_use]
    pub fn content(&self) -> Content {
        Content { sha256: self.sha256, size: self.size }
    }
}

/// The end of an artifact that no adapter names. Its content stays, because history names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactDeleted {
    pub artifact: ArtifactName,
}
