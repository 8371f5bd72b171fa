//! `doctor`: whether a database is fit, and what it can lose.

use super::output::{self, Format, FormatArgs};
use super::table::{Table, text};
use crate::doctor::{Finding, Level, examine};

/// Looks at a database and says what conncentric can rely on there, and what the present set-up can lose. Changes nothing.
///
/// Run it as the role of the orchestrators, and from where they run. Exit code 1 if any line is an error.
///
/// Example: DATABASE_URL=postgresql://conncentric_app@db/conncentric conncentric doctor
#[derive(Debug, clap::Args)]
pub(super) struct DoctorArgs {
    /// The database, as orchestrators are given it: postgresql://app@db/conncentric?sslmode=verify-full&sslrootcert=ca.crt
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: String,

    #[command(flatten)]
    format: FormatArgs,
}

/// The database is not fit.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unfit(String);

impl DoctorArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let findings = examine(&self.database_url).await;
        match self.format.output {
            Format::Json => output::json(&serde_json::to_string(&findings)?)?,
            Format::Table => output::line(&table(&findings))?,
        }
        let mut errors = findings.iter().filter(|finding| finding.level == Level::Error);
        errors.next().map_or(Ok(()), |first| Err(Unfit(format!("{}: {}", first.check, first.found)).into()))
    }
}

fn table(findings: &[Finding]) -> String {
    let mut table = Table::new(&["CHECK", "RESULT", "FOUND", "MEANING"]);
    for finding in findings {
        let level = match finding.level {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        table.row([text(finding.check), text(level), text(&finding.found), text(&finding.meaning)]);
    }
    table.render()
}
