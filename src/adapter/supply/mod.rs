//! What sessions need besides their settings: artifacts, fetched before a session starts and put where its connector finds them, and
//! connectors that are not compiled in.
//!
//! Only the task of the session waits for this. Heartbeats and deadlines go on, and an order to stop ends the wait.

mod cache;
mod plugin;
mod shelf;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use self::cache::Cache;
use self::plugin::Plugins;
pub(super) use self::plugin::Release;
use super::link::Link;
use crate::connector::context::SessionFacts;
use crate::domain::artifact::{ArtifactReference, InvalidReference};
use crate::domain::content::Content;
use crate::domain::entry::{Category, Level};
use crate::domain::name::ArtifactName;
use crate::plugin::sign::TrustedKeys;

/// Where a pod has its artifacts from, and where it keeps them.
#[derive(Debug)]
pub(super) struct Supply {
    link: Link,
    cache: Cache,
    plugins: Plugins,
}

/// Which version each reference of a session meant when it was last started.
pub(super) type Chosen = BTreeMap<String, Version>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    name: ArtifactName,
    number: u32,
    content: Content,
}

/// Why a session cannot be given what it needs, in words for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NoSupply(String);

impl Supply {
    pub(super) fn new(link: Link, cache: &Path, plugin_keys: TrustedKeys) -> Self {
        let plugins = Plugins::new(cache.join("plugins"), plugin_keys);
        Self { link, cache: Cache::new(cache.join("content")), plugins }
    }

    /// Puts the artifacts of a session into its folder, each under its name. Which versions they are goes into the event log, unless
    /// `chosen` says that they were the same the last time.
    ///
    /// # Errors
    /// Fails if one of them is not there or cannot be fetched.
    pub(super) async fn prepare(&self, facts: &SessionFacts, references: &[String], chosen: &mut Chosen) -> Result<(), NoSupply> {
        let mut files = Vec::new();
        for reference in references {
            let version = self.choose(reference, chosen).await?;
            let Version { name, number, content } = &version;
            let fetched = self.cache.provide(*content, self.link.artifact_content(name, *number)).await;
            let file = fetched.map_err(|error| NoSupply(format!("artifact {name} version {number} cannot be fetched: {error}")))?;
            files.push((name.clone(), file));
            if chosen.get(reference) != Some(&version) {
                facts.log(Level::Info, Category::System, &format!("artifact {name} version {number} (sha256 {})", content.sha256));
                chosen.insert(reference.clone(), version);
            }
        }
        let folder = facts.folder.join("artifacts");
        let placed = place(&folder, &files).await;
        placed.map_err(|error| NoSupply(format!("the artifacts cannot be put into {}: {error}", folder.display())))
    }

    /// The version that a reference means now. While no orchestrator answers it is the one that it meant the last time, because an
    /// outage of the control plane must not keep a session from starting again.
    async fn choose(&self, reference: &str, chosen: &Chosen) -> Result<Version, NoSupply> {
        let ArtifactReference { name, version } = reference
            .parse()
            .map_err(|invalid: InvalidReference| NoSupply(format!("artifact \"{}\": {invalid}", reference.escape_debug())))?;
        let artifact = match self.link.artifact(&name).await {
            Ok(artifact) => artifact,
            Err(error) if error.is_passing() => {
                return chosen.get(reference).cloned().ok_or_else(|| NoSupply(format!("artifact {name} cannot be fetched: {error}")));
            }
            Err(error) => return Err(NoSupply(format!("artifact {name} cannot be fetched: {error}"))),
        };
        let number = version.unwrap_or(artifact.newest.version);
        let found = artifact.versions.iter().find(|found| found.version == number);
        let found = found.ok_or_else(|| NoSupply(format!("artifact {name} has no version {number}")))?;
        Ok(Version { name, number, content: Content { sha256: found.sha256, size: found.size } })
    }
}

/// Makes the folder anew. Whatever ran in it before has ended.
async fn place(folder: &Path, files: &[(ArtifactName, PathBuf)]) -> io::Result<()> {
    match tokio::fs::remove_dir_all(folder).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ if files.is_empty() => return Ok(()),
        _ => {}
    }
    tokio::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).await?;
    for (name, file) in files {
        let place = folder.join(name.as_str());
        // The cache may be on another file system, or on one without links.
        if tokio::fs::hard_link(file, &place).await.is_err() {
            tokio::fs::copy(file, &place).await?;
        }
    }
    Ok(())
}
