//! Artifacts: stored, listed, read, deleted.

pub(crate) mod content;
pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod put;

use crate::domain::artifact::{Artifact, StoredVersion};
use crate::domain::fleet::Fleet;
use crate::domain::name::ArtifactName;
use crate::wire::artifact::{ArtifactUser, ArtifactVersion, ArtifactView};

/// An artifact as it is shown. None for one that has no version.
fn view(fleet: &Fleet, name: &ArtifactName, artifact: &Artifact) -> Option<ArtifactView> {
    let users = fleet.users_of_artifact(name).map(|(adapter, version)| ArtifactUser { adapter: adapter.clone(), version });
    Some(ArtifactView {
        name: name.clone(),
        newest: version(artifact.newest()?),
        versions: artifact.versions.iter().rev().map(version).collect(),
        users: users.collect(),
    })
}

fn version(stored: &StoredVersion) -> ArtifactVersion {
    ArtifactVersion {
        version: stored.version,
        sha256: stored.content.sha256,
        size: stored.content.size,
        media_type: stored.media_type.clone(),
        stored_at: stored.stored_at,
        stored_by: stored.stored_by.clone(),
    }
}
