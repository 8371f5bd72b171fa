//! `status`: one screen that says whether all is well.

mod attention;
mod gather;
mod report;
mod screen;

use super::output::{self, Format, FormatArgs};
use super::server::ServerArgs;

/// Shows on one screen whether all is well: orchestrators, database, pods, adapters, and what needs attention, each with a reason.
///
/// Asks every orchestrator that --server names. Exit code 0 if nothing needs attention, 1 otherwise; what somebody has ordered, a drain
/// or a maintenance, is told and is no trouble by itself.
///
/// Examples: conncentric status, conncentric status -o json
#[derive(Debug, clap::Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    format: FormatArgs,
}

/// Something needs attention.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NotWell(String);

impl StatusArgs {
    pub(super) async fn run(self, server: &ServerArgs) -> anyhow::Result<()> {
        let report = report::Report::of(gather::gather(server).await?);
        match self.format.output {
            Format::Json => output::json(&serde_json::to_string(&report)?)?,
            Format::Table => output::line(&screen::draw(&report))?,
        }
        if report.well { Ok(()) } else { Err(NotWell(report.trouble()).into()) }
    }
}
