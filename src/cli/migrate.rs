//! `migrate`: schema and projections, brought up to date.

use super::output;
use crate::log::{self, Migrated};

/// Brings the schema and the projections of a database up to date. Safe to run many times, and at once.
///
/// Example: DATABASE_URL=postgresql://owner@db/conncentric conncentric migrate
#[derive(Debug, clap::Args)]
pub(super) struct MigrateArgs {
    /// The database, as its owner: postgresql://owner@db/conncentric. A direct connection, not one through a pooler
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: String,
}

impl MigrateArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        output::line(&summary(&log::migrate(&self.database_url).await?))
    }
}

fn summary(migrated: &Migrated) -> String {
    let mut lines: Vec<_> = migrated.applied.iter().map(|name| format!("applied {name}")).collect();
    if migrated.rebuilt {
        lines.push("built the projections from the log".into());
    }
    if lines.is_empty() {
        lines.push("nothing to do: the schema is up to date".into());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_was_done_and_that_nothing_was() {
        let migrated = |applied: &[&str], rebuilt| Migrated { applied: applied.iter().map(ToString::to_string).collect(), rebuilt };
        assert_eq!(summary(&migrated(&["V1__event"], true)), "applied V1__event\nbuilt the projections from the log");
        assert_eq!(summary(&migrated(&[], false)), "nothing to do: the schema is up to date");
    }
}
