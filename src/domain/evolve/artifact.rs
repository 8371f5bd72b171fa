//! What is stored and deleted among the artifacts.
//!
//! That adapters name only what exists is a rule of decisions, not of history: older logs know adapters that name what never was.

use crate::domain::artifact::StoredVersion;
use crate::domain::event::{ArtifactDeleted, ArtifactStored, Recorded};
use crate::domain::fleet::Fleet;

pub(super) fn store(fleet: &mut Fleet, recorded: &Recorded, event: &ArtifactStored) -> Result<(), String> {
    let mut artifact = fleet.artifacts.get(&event.artifact).cloned().unwrap_or_default();
    if event.version != artifact.last_version + 1 {
        return Err(format!("version {} of {} follows {}", event.version, event.artifact, artifact.last_version));
    }
    artifact.last_version = event.version;
    artifact.versions.push_back(StoredVersion {
        version: event.version,
        content: event.content(),
        media_type: event.media_type.clone(),
        stored_at: recorded.recorded_at,
        stored_by: recorded.actor.clone(),
    });
    fleet.artifacts.insert(event.artifact.clone(), artifact);
    Ok(())
}

pub(super) fn delete(fleet: &mut Fleet, event: &ArtifactDeleted) -> Result<(), String> {
    let artifact = fleet.artifacts.get_mut(&event.artifact).filter(|artifact| !artifact.versions.is_empty());
    let artifact = artifact.ok_or_else(|| format!("there is no artifact {}", event.artifact))?;
    artifact.versions.clear();
    Ok(())
}
