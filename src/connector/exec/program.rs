//! A program that a plugin brought, run like those of `exec`: under a guard, with the same variables, lines and files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use futures_util::future::BoxFuture;

use super::run;
use super::settings::ExecSettings;
use crate::connector::context::SessionContext;
use crate::connector::{Connector, ConnectorError, Settings, guard};
use crate::domain::adapter::InvalidField;
use crate::domain::name::ConnectorName;

/// The connector of a plugin.
#[derive(Debug)]
pub struct Program {
    name: ConnectorName,
    settings_schema: serde_json::Value,
    guard: PathBuf,
    /// The folder of the plugin, unpacked.
    folder: PathBuf,
    entry: PathBuf,
}

impl Program {
    /// `entry` is the program's file in the folder.
    ///
    /// # Errors
    /// Fails if the system does not say which file this process runs, or does not know the folder.
    pub fn new(name: ConnectorName, settings_schema: serde_json::Value, folder: &Path, entry: &str) -> std::io::Result<Self> {
        let folder = std::path::absolute(folder)?;
        Ok(Self { name, settings_schema, guard: guard::own_binary()?, entry: folder.join(entry), folder })
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
