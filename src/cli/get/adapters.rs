//! `get adapters`.

use super::at::AtArgs;
use super::{revisions, show};
use crate::cli::lists::AdapterList;
use crate::cli::output::Format;
use crate::cli::server::Api;
use crate::cli::table::{self, Table, Times, optional, text};
use crate::domain::name::AdapterName;
use crate::wire::adapter::AdapterView;

/// Lists adapters: what is wanted of them, and what is the case.
///
/// Examples: conncentric get adapters venue-a -o json, conncentric get adapters venue-a --revisions
#[derive(Debug, clap::Args)]
pub(super) struct AdaptersArgs {
    /// Only this adapter
    name: Option<AdapterName>,

    /// Show who changed the adapter when
    #[arg(long, env = "CONNCENTRIC_REVISIONS", requires = "name", conflicts_with_all = ["at", "revision"])]
    revisions: bool,

    /// Show the adapter as it was declared with this revision
    #[arg(long, env = "CONNCENTRIC_REVISION", value_name = "N", requires = "name", conflicts_with = "at")]
    revision: Option<u32>,

    #[command(flatten)]
    at: AtArgs,
}

impl AdaptersArgs {
    pub(super) async fn run(self, api: &Api, format: Format) -> anyhow::Result<()> {
        if let Some(name) = self.name.as_ref().filter(|_| self.revisions) {
            return revisions::run(api, format, name).await;
        }
        let path = self.name.as_ref().map_or_else(|| "/v1/adapters".to_owned(), |name| format!("/v1/adapters/{name}"));
        let path = match self.revision {
            Some(revision) => format!("{path}?revision={revision}"),
            None => self.at.path(&path)?,
        };
        let answer = api.get_verbatim(&path).await?;
        show(format, &answer.body, || {
            let adapters = match self.name {
                Some(_) => vec![serde_json::from_str(&answer.body)?],
                None => serde_json::from_str::<AdapterList>(&answer.body)?.adapters,
            };
            Ok(table(self.at.times(answer.answered_at), &adapters))
        })
    }
}

fn table(times: Times, adapters: &[AdapterView]) -> Option<Table> {
    let mut table = Table::new(&["ADAPTER", "ADMIN", "STATUS", "MODE", "CONNECTOR", "SESSIONS", "LEASE", "REVISION", "CHANGED", "REASON"]);
    for AdapterView { document, revision, admin_state, status, reason, sessions, changed_at, pending_restart } in adapters {
        let pending = pending_restart.then(|| format!("revision {revision} waits for a restart"));
        table.row([
            text(&document.name),
            table::admin_state(*admin_state),
            table::status(*status),
            text(document.mode),
            text(&document.connector),
            text(sessions.len()),
            text(document.lease_ttl),
            text(revision),
            times.cell(Some(*changed_at)),
            optional(reason.as_ref().or(pending.as_ref())),
        ]);
    }
    (!adapters.is_empty()).then_some(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_what_is_wanted_and_what_is_the_case() {
        let adapter: AdapterView = serde_json::from_value(serde_json::json!({
            "name": "venue-a", "connector": "tcp", "mode": "exclusive", "lease_ttl": "5s", "revision": 3, "admin_state": "ENABLED",
            "status": "CLAIMING", "reason": "no pod has room", "sessions": ["venue-a/0"], "changed_at": "2026-01-01T00:00:00Z",
        }))
        .expect("an adapter");
        let now = "2026-01-01T00:02:00Z".parse().expect("a time");
        let shown = table(Times::Ages(Some(now)), &[adapter]).expect("rows").render();
        let row: Vec<_> = shown.lines().nth(1).expect("a row").split("   ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        assert_eq!(row, ["venue-a", "ENABLED", "CLAIMING", "exclusive", "tcp", "1", "5s", "3", "2m", "no pod has room"]);
        assert!(table(Times::Ages(Some(now)), &[]).is_none());
    }
}
