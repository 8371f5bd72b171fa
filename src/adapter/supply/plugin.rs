//! Connectors that are not compiled in: fetched, checked and unpacked, each version once.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::shelf::{Shelf, Unpacked};
use super::{NoSupply, Supply};
use crate::connector::Connector;
use crate::connector::context::SessionFacts;
use crate::connector::exec::program::Program;
use crate::domain::content::{Content, ContentHash};
use crate::domain::entry::{Category, Level};
use crate::domain::name::{ConnectorName, PluginName};
use crate::domain::plugin::PluginVersion;
use crate::plugin::platform;
use crate::plugin::sign::TrustedKeys;
use crate::wire::plugin::PluginView;

/// A version of a plugin, as it was when a session was last started with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::adapter) struct Release {
    name: PluginName,
    version: PluginVersion,
    content: Content,
    signature: Option<String>,
}

impl Release {
    fn of(plugin: &PluginView) -> Self {
        let newest = &plugin.newest;
        Self {
            name: plugin.name.clone(),
            version: newest.version.clone(),
            content: Content { sha256: newest.sha256, size: newest.size },
            signature: newest.signature.clone(),
        }
    }
}

/// The plugins of a pod.
#[derive(Debug)]
pub(super) struct Plugins {
    shelf: Shelf,
    keys: TrustedKeys,
    /// What this process has unpacked or found as it should be, the newest last. One at a time is worked on.
    ready: Mutex<VecDeque<(ContentHash, Arc<Unpacked>)>>,
}

/// Unpacked plugins that are kept at hand though no session runs with them.
const AT_HAND: usize = 4;

impl Plugins {
    pub(super) fn new(folder: PathBuf, keys: TrustedKeys) -> Self {
        Self { shelf: Shelf::new(folder), keys, ready: Mutex::default() }
    }
}

impl Supply {
    /// The connector of this name that a plugin brings; nothing if none does. Which version it is goes into the event log, unless
    /// `chosen` says that it was the same the last time.
    ///
    /// # Errors
    /// Fails if the plugin cannot be fetched, is not signed as this pod wants it, or has no program for this platform.
    pub(in crate::adapter) async fn connector(
        &self,
        name: &ConnectorName,
        facts: &SessionFacts,
        chosen: &mut Option<Release>,
    ) -> Result<Option<Arc<dyn Connector>>, NoSupply> {
        let Some(release) = self.release(name, chosen.as_ref()).await? else { return Ok(None) };
        let Release { name: plugin, version, content, .. } = &release;
        let unpacked = self.unpacked(&release).await.map_err(|why| NoSupply(format!("plugin {plugin} version {version} {why}")))?;
        let facts_of_plugin = &unpacked.manifest.facts;
        let entry = facts_of_plugin.entry(&platform::own());
        let entry = entry.ok_or_else(|| NoSupply(format!("plugin {plugin} version {version} has no program for {}", platform::own())))?;
        let schema = facts_of_plugin.descriptor.settings_schema.clone();
        let program = Program::new(name.clone(), schema, &unpacked.folder, entry, unpacked.clone());
        let program = program.map_err(|error| NoSupply(format!("plugin {plugin} version {version} cannot be run: {error}")))?;
        if chosen.as_ref() != Some(&release) {
            facts.log(Level::Info, Category::System, &format!("plugin {plugin} version {version} (sha256 {})", content.sha256));
            *chosen = Some(release);
        }
        Ok(Some(Arc::new(program)))
    }

    /// While no orchestrator answers it is the version that the session had the last time.
    async fn release(&self, name: &ConnectorName, chosen: Option<&Release>) -> Result<Option<Release>, NoSupply> {
        match self.link.plugins().await {
            Ok(list) => Ok(list.plugins.iter().find(|plugin| plugin.connector == *name).map(Release::of)),
            Err(error) if error.is_passing() && chosen.is_some() => Ok(chosen.cloned()),
            // An orchestrator from before there were plugins.
            Err(error) if error.code() == Some("route-unknown") => Ok(None),
            Err(error) => Err(NoSupply(format!("the plugin for connector {name} cannot be looked up: {error}"))),
        }
    }

    /// Fetches and unpacks a version, unless this process has done so before.
    async fn unpacked(&self, release: &Release) -> Result<Arc<Unpacked>, String> {
        let Release { name, version, content, signature } = release;
        let mut ready = self.plugins.ready.lock().await;
        if let Some((_, unpacked)) = ready.iter().find(|(sha256, _)| *sha256 == content.sha256) {
            return Ok(Arc::clone(unpacked));
        }
        let trusted = self.plugins.keys.check(content.sha256, signature.as_deref());
        trusted.map_err(|untrusted| format!("is not run here: {untrusted}"))?;
        let package = self.cache.provide(*content, self.link.plugin_content(name, version)).await;
        let package = package.map_err(|error| format!("cannot be fetched: {error}"))?;
        let (place, folder) = (self.plugins.shelf.clone(), content.sha256.to_string());
        let unpacked = tokio::task::spawn_blocking(move || place.take(&package, &folder)).await;
        let unpacked = unpacked.map_err(|_| "cannot be unpacked; the pod's log has the details".to_owned())?;
        let unpacked = Arc::new(unpacked.map_err(|problem| format!("cannot be unpacked: {problem}"))?);
        ready.push_back((content.sha256, Arc::clone(&unpacked)));
        if ready.len() > AT_HAND {
            ready.pop_front();
        }
        Ok(unpacked)
    }
}
