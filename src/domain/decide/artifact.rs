//! Stores and deletes artifacts. The content is in the database already, or was never sent.

use super::Draft;
use crate::domain::adapter::InvalidField;
use crate::domain::artifact::Artifact;
use crate::domain::command::{ArtifactSource, Precondition, PutArtifact};
use crate::domain::content::{Content, MAX_CONTENT};
use crate::domain::event::{ArtifactDeleted, ArtifactStored};
use crate::domain::fleet::Fleet;
use crate::domain::name::ArtifactName;
use crate::domain::refusal::Refusal;

/// Adds a version, unless the newest is the same already. To go back is to store an older version anew, so that history grows.
pub(super) fn put(draft: &mut Draft, put: &PutArtifact) -> Result<(), Refusal> {
    let name = &put.artifact;
    check(&draft.fleet, name, put.precondition)?;
    let known = draft.fleet.artifacts.get(name).cloned().unwrap_or_default();
    let (content, media_type) = content(&known, name, &put.source)?;
    if known.newest().is_some_and(|newest| newest.content == content) {
        return Ok(());
    }
    let Content { sha256, size } = content;
    let version = known.last_version + 1;
    draft.propose(ArtifactStored { artifact: name.clone(), version, sha256, size, media_type }, None).map(drop)
}

fn content(known: &Artifact, name: &ArtifactName, source: &ArtifactSource) -> Result<(Content, Option<String>), Refusal> {
    match source {
        ArtifactSource::Upload { content, media_type } => {
            check_media_type(media_type.as_deref())?;
            if content.size > MAX_CONTENT {
                return Err(InvalidField::new("size", format!("{} bytes are more than {MAX_CONTENT}", content.size)).into());
            }
            Ok((*content, media_type.clone()))
        }
        ArtifactSource::Version(number) => {
            let stored = known.version(*number);
            let stored = stored.ok_or_else(|| Refusal::ArtifactVersionUnknown { artifact: name.clone(), version: *number })?;
            Ok((stored.content, stored.media_type.clone()))
        }
    }
}

/// It goes back out as a header, so nothing may be in it that ends one.
fn check_media_type(media_type: Option<&str>) -> Result<(), InvalidField> {
    let plain = |text: &str| text.len() <= 255 && text.contains('/') && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    if media_type.is_none_or(plain) {
        Ok(())
    } else {
        Err(InvalidField::new("Content-Type", "it is no media type; write for example text/xml"))
    }
}

/// Refuses while adapters name it: their next start would fail.
pub(super) fn delete(draft: &mut Draft, name: &ArtifactName, precondition: Precondition) -> Result<(), Refusal> {
    if draft.fleet.artifact(name).is_none() {
        return Err(Refusal::ArtifactUnknown(name.clone()));
    }
    check(&draft.fleet, name, precondition)?;
    let users: Vec<_> = draft.fleet.users_of_artifact(name).map(|(adapter, _)| adapter.clone()).collect();
    if !users.is_empty() {
        return Err(Refusal::ArtifactInUse { artifact: name.clone(), adapters: users });
    }
    draft.propose(ArtifactDeleted { artifact: name.clone() }, None).map(drop)
}

/// Whether the artifact is as somebody wants it to be before they change it. `Revision` means its newest version.
fn check(fleet: &Fleet, name: &ArtifactName, precondition: Precondition) -> Result<(), Refusal> {
    let newest = fleet.artifact(name).and_then(Artifact::newest);
    match (precondition, newest) {
        (Precondition::None, _) | (Precondition::Absent, None) | (Precondition::Present, Some(_)) => Ok(()),
        (Precondition::Absent, Some(_)) => Err(Refusal::ArtifactExists(name.clone())),
        (Precondition::Revision(given), Some(newest)) if newest.version == given => Ok(()),
        (Precondition::Revision(given), Some(newest)) => {
            Err(Refusal::ArtifactStale { artifact: name.clone(), given, actual: newest.version })
        }
        (Precondition::Revision(_) | Precondition::Present, None) => Err(Refusal::ArtifactMissing(name.clone())),
    }
}
