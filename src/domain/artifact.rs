//! Artifacts: reference files for adapters. Each upload under a name is a version of it, and versions only grow.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use imbl::Vector;

use super::adapter::InvalidField;
use super::content::Content;
use super::fleet::Fleet;
use super::name::{AdapterName, ArtifactName};

/// One version of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredVersion {
    /// Counts from 1, through deletions too: a number never means two contents.
    pub version: u32,
    pub content: Content,
    /// What whoever stored it says that it is, `text/xml` for example.
    pub media_type: Option<String>,
    pub stored_at: DateTime<Utc>,
    pub stored_by: String,
}

/// An artifact with its versions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Artifact {
    /// Oldest first. None for one that was deleted: only its last number is remembered.
    pub versions: Vector<StoredVersion>,
    pub last_version: u32,
}

impl Artifact {
    #[must_use]
    pub fn newest(&self) -> Option<&StoredVersion> {
        self.versions.last()
    }

    #[must_use]
    pub fn version(&self, number: u32) -> Option<&StoredVersion> {
        self.versions.iter().find(|stored| stored.version == number)
    }
}

/// How an adapter names an artifact: `fix44` for the newest version, `fix44@3` for that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactReference {
    pub name: ArtifactName,
    pub version: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReference {
    #[error("{0}")]
    Name(String),
    #[error("\"{}\" is no version; write for example fix44@3, or fix44 for the newest", .0.chars().take(32).flat_map(char::escape_debug).collect::<String>())]
    Version(String),
}

impl FromStr for ArtifactReference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let (name, version) = text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
        let name = ArtifactName::new(name).map_err(|invalid| InvalidReference::Name(invalid.to_string()))?;
        let number = |text: &str| {
            let number = text.parse().ok().filter(|number| *number > 0 && !text.starts_with(['0', '+']));
            number.ok_or_else(|| InvalidReference::Version(text.to_owned()))
        };
        Ok(Self { name, version: version.map(number).transpose()? })
    }
}

impl fmt::Display for ArtifactReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some(version) => write!(f, "{}@{version}", self.name),
            None => self.name.fmt(f),
        }
    }
}

/// Whether an adapter may name these artifacts: they exist, and none of them twice.
///
/// # Errors
/// Names the first that it may not, by its place in the list.
pub fn check_references(fleet: &Fleet, references: &[String]) -> Result<(), InvalidField> {
    let mut named = std::collections::BTreeSet::new();
    for (index, text) in references.iter().enumerate() {
        check_reference(fleet, text).map_err(|problem| InvalidField::new(format!("artifacts[{index}]"), problem)).and_then(|name| {
            let twice = || InvalidField::new(format!("artifacts[{index}]"), format!("{name} is named twice; remove one"));
            if named.insert(name.clone()) { Ok(()) } else { Err(twice()) }
        })?;
    }
    Ok(())
}

fn check_reference(fleet: &Fleet, text: &str) -> Result<ArtifactName, String> {
    let ArtifactReference { name, version } = text.parse().map_err(|invalid: InvalidReference| invalid.to_string())?;
    let artifact = fleet.artifact(&name);
    let artifact = artifact.ok_or_else(|| format!("there is no artifact {name}; store it first: conncentric artifact put {name} FILE"))?;
    match version {
        Some(number) if artifact.version(number).is_none() => {
            Err(format!("artifact {name} has no version {number}; `conncentric artifact list {name}` shows those that it has"))
        }
        _ => Ok(name),
    }
}

impl Fleet {
    /// An artifact that is there.
    #[must_use]
    pub fn artifact(&self, name: &ArtifactName) -> Option<&Artifact> {
        self.artifacts.get(name).filter(|artifact| !artifact.versions.is_empty())
    }

    pub fn artifacts(&self) -> impl Iterator<Item = (&ArtifactName, &Artifact)> {
        self.artifacts.iter().filter(|(_, artifact)| !artifact.versions.is_empty())
    }

    /// The adapters that name an artifact, each with the version that it keeps to, if it does.
    pub fn users_of_artifact(&self, artifact: &ArtifactName) -> impl Iterator<Item = (&AdapterName, Option<u32>)> {
        self.adapters.iter().filter_map(move |(adapter, configured)| {
            let references = configured.spec.artifacts.iter().filter_map(|text| text.parse::<ArtifactReference>().ok());
            let mut named = references.filter(|reference| reference.name == *artifact);
            named.next().map(|reference| (adapter, reference.version))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_a_name_and_perhaps_a_version() {
        let read = |text: &str| text.parse::<ArtifactReference>().map(|reference| (reference.name.to_string(), reference.version));
        assert_eq!(read("fix44"), Ok(("fix44".into(), None)));
        assert_eq!(read("fix44@12"), Ok(("fix44".into(), Some(12))));
        for bad in ["", "@1", "fix44@", "fix44@0", "fix44@01", "fix44@+1", "fix44@1@2", "FIX44", "../x", "fix44@99999999999"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
