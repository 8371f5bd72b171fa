//! A program that a plugin brought, run like those of `exec`: under a guard, with the same variables, lines and files.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::run;
use super::settings::ExecSettings;
use crate::connector::context::SessionContext;
use crate::connector::{Connector, ConnectorError, Settings, guard};
use crate::domain::adapter::InvalidField;
use crate::domain::name::ConnectorName;

/// The connector of a plugin.
pub struct Program {
    name: ConnectorName,
    settings_schema: serde_json::Value,
    guard: PathBuf,
    /// The folder of the plugin, unpacked.
    folder: PathBuf,
    entry: PathBuf,
    /// What keeps the folder where it is.
    _kept: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("name", &self.name).field("entry", &self.entry).finish_non_exhaustive()
    }
}

impl Program {
    /// `entry` is the program's file in the folder, which stays there as long as `kept` is held.
    ///
    /// # Errors
    /// Fails if the system does not say which file this process runs, or does not know the folder.
    pub fn new(
        name: ConnectorName,
        settings_schema: serde_json::Value,
        folder: &Path,
        entry: &str,
        kept: Arc<dyn Any + Send + Sync>,
    ) -> std::io::Result<Self> {
        let folder = std::path::absolute(folder)?;
        Ok(Self { name, settings_schema, guard: guard::own_binary()?, entry: folder.join(entry), folder, _kept: kept })
    }
}

impl Connector for Program {
    fn name(&self) -> &ConnectorName {
        &self.name
    }

    /// The orchestrator has held them against the plugin's schema; the rest is for the program to say.
    fn validate(&self, _: &Settings) -> Result<(), InvalidField> {
        Ok(())
    }

    fn settings_schema(&self) -> Option<&serde_json::Value> {
        Some(&self.settings_schema)
    }

    fn run(&self, session: SessionContext) -> BoxFuture<'static, Result<(), ConnectorError>> {
        let env = BTreeMap::from([("CONNCENTRIC_PLUGIN".to_owned(), self.folder.display().to_string())]);
        let settings = ExecSettings::of(vec![self.entry.display().to_string()], env);
        Box::pin(run(self.guard.clone(), settings, session))
    }
}
