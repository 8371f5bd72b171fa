//! `rebuild`: the projections anew from the log, while the system runs.

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output;
use crate::log;

/// Builds all projections anew from the event table and puts them in the place of the old ones, while the system runs.
///
/// `conncentric migrate` does so by itself when a new version of the program brings changed projections. By hand it is needed
/// only after somebody has edited them.
///
/// Example: DATABASE_URL=postgresql://owner@db/conncentric conncentric rebuild
#[derive(Debug, clap::Args)]
pub(super) struct RebuildArgs {
    /// The database, as its owner: postgresql://owner@db/conncentric. A direct connection, not one through a pooler
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: String,
}

impl RebuildArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} positions, {per_sec}, {eta} left")?);
        let end = log::rebuild(&self.database_url, |progress| {
            bar.set_length(u64::try_from(progress.of).unwrap_or(0));
            bar.set_position(u64::try_from(progress.done).unwrap_or(0));
        });
        let end = end.await?;
        bar.finish_and_clear();
        let positions = HumanCount(u64::try_from(end.done).unwrap_or(0));
        output::line(&format!("rebuilt from {positions} positions in {}", HumanDuration(bar.elapsed())))
    }
}
