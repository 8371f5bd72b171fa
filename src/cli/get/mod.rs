//! `get`: lists adapters, sessions, pods, artifacts, plugins, events and the event logs of adapters, for people as tables and for programs as the API's own JSON.

mod actions;
mod adapters;
pub(super) mod artifacts;
pub(super) mod at;
mod events;
mod follow;
mod log;
pub(super) mod plugins;
mod pods;
mod revisions;
mod sessions;

use clap::Subcommand;

use super::output::{self, Format, FormatArgs};
use super::server::Api;
use super::table::Table;

/// Lists adapters, sessions, pods, artifacts, plugins, events or the event log of an adapter.
///
/// Examples: conncentric get sessions, conncentric get adapters venue-a -o json, conncentric get events --follow,
/// conncentric get sessions --at 2026-01-31T12:00:00Z
#[derive(Debug, clap::Args)]
pub(super) struct GetArgs {
    #[command(subcommand)]
    what: What,

    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Debug, Subcommand)]
enum What {
    #[command(alias = "adapter")]
    Adapters(adapters::AdaptersArgs),
    #[command(alias = "session")]
    Sessions(sessions::SessionsArgs),
    #[command(alias = "pod")]
    Pods(pods::PodsArgs),
    #[command(alias = "event")]
    Events(events::EventsArgs),
    #[command(alias = "artifact")]
    Artifacts(artifacts::ArtifactsArgs),
    #[command(alias = "plugin")]
    Plugins(plugins::PluginsArgs),
    Log(log::LogArgs),
    #[command(alias = "action")]
    Actions(actions::ActionsArgs),
}

impl GetArgs {
    pub(super) async fn run(self, api: &Api) -> anyhow::Result<()> {
        let format = self.format.output;
        match self.what {
            What::Adapters(args) => args.run(api, format).await,
            What::Sessions(args) => args.run(api, format).await,
            What::Pods(args) => args.run(api, format).await,
            What::Events(args) => args.run(api, format).await,
            What::Artifacts(args) => args.run(api, format).await,
            What::Plugins(args) => args.run(api, format).await,
            What::Log(args) => args.run(api, format).await,
            What::Actions(args) => args.run(api, format).await,
        }
    }
}

/// Prints a result: its JSON as the server wrote it, or the table that `rows` makes of it.
fn show(format: Format, json: &str, table: impl FnOnce() -> anyhow::Result<Option<Table>>) -> anyhow::Result<()> {
    if format == Format::Json {
        return output::json(json);
    }
    let Some(table) = table()? else {
        output::note("there are none");
        return Ok(());
    };
    output::line(&table.render())
}
