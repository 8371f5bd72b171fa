//! `get plugins` and `plugin list`.

use super::at::AtArgs;
use super::show;
use crate::cli::output::Format;
use crate::cli::server::Api;
use crate::cli::table::{Table, Times, list, optional, text};
use crate::domain::name::PluginName;
use crate::wire::plugin::{PluginList, PluginView};

/// Lists plugins, or the versions of one.
///
/// Example: conncentric get plugins
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct PluginsArgs {
    /// Only this plugin, with all versions that were installed
    name: Option<PluginName>,

    #[command(flatten)]
    at: AtArgs,
}

impl PluginsArgs {
    pub(in crate::cli) async fn run(self, api: &Api, format: Format) -> anyhow::Result<()> {
        let path = self.name.as_ref().map_or_else(|| "/v1/plugins".to_owned(), |name| format!("/v1/plugins/{name}"));
        let answer = api.get_verbatim(&self.at.path(&path)?).await?;
        let times = self.at.times(answer.answered_at);
        show(format, &answer.body, || match self.name {
            Some(_) => Ok(Some(versions(times, &serde_json::from_str(&answer.body)?))),
            None => Ok(table(times, &serde_json::from_str::<PluginList>(&answer.body)?.plugins)),
        })
    }
}

fn table(times: Times, plugins: &[PluginView]) -> Option<Table> {
    let mut table = Table::new(&["PLUGIN", "VERSION", "CONNECTOR", "PLATFORMS", "SIGNED BY", "INSTALLED", "USED BY"]);
    for plugin in plugins {
        let platforms: Vec<&String> = plugin.platforms.keys().collect();
        table.row([
            text(&plugin.name),
            text(&plugin.newest.version),
            text(&plugin.connector),
            list(&platforms),
            optional(plugin.newest.signed_by.as_ref()),
            times.cell(Some(plugin.newest.installed_at)),
            list(&plugin.users),
        ]);
    }
    (!plugins.is_empty()).then_some(table)
}

fn versions(times: Times, plugin: &PluginView) -> Table {
    let mut table = Table::new(&["VERSION", "BYTES", "SHA-256", "SIGNED BY", "INSTALLED", "INSTALLED BY"]);
    for release in &plugin.versions {
        table.row([
            text(&release.version),
            text(release.size),
            text(release.sha256),
            optional(release.signed_by.as_ref()),
            times.cell(Some(release.installed_at)),
            text(&release.installed_by),
        ]);
    }
    table
}
