//! `unseal`: sealed events, back into the table.

use std::path::PathBuf;

use super::output;
use crate::audit::unseal::unseal;
use crate::domain::adapter::check_text;

/// Puts events back that `conncentric seal` took out: for `rebuild`, for an upgrade that changes projections, or to verify all of it.
///
/// The files must be what was sealed, and the last of the series: whatever was sealed after them comes back with them. The files stay,
/// and can be removed afterwards. The system runs on meanwhile.
///
/// Example: conncentric unseal ledger-2024.jsonl ledger-2025.jsonl
#[derive(Debug, clap::Args)]
pub(super) struct UnsealArgs {
    /// The archives
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// The database, as its owner: postgresql://owner@db/conncentric. A direct connection, not one through a pooler
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: String,

    /// Why, for the log
    #[arg(long, env = "CONNCENTRIC_REASON", value_name = "TEXT")]
    reason: Option<String>,
}

impl UnsealArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        if let Some(reason) = &self.reason {
            check_text("reason", reason)?;
        }
        let back = unseal(&self.database_url, &self.files, self.reason).await?;
        output::line(&format!(
            "put back {} events, positions {} to {}; recorded at position {}",
            back.events, back.first, back.last, back.position
        ))
    }
}
