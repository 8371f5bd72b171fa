//! `openapi`: the description of the HTTP API, for whoever makes clients of it.

use super::output;
use crate::http;

/// Prints the description of the HTTP API (OpenAPI 3.1), the same that every orchestrator serves at /openapi.json.
///
/// Needs neither a database nor an orchestrator. Example: conncentric openapi > openapi.json
#[derive(Debug, clap::Args)]
pub(super) struct OpenapiArgs {}

impl OpenapiArgs {
    #[expect(clippy::unused_self, reason = "commands are run alike")]
    pub(super) fn run(self) -> anyhow::Result<()> {
        output::line(&serde_json::to_string_pretty(&http::description())?)
    }
}
