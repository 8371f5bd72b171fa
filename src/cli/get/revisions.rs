//! `get adapters NAME --revisions`: who changed an adapter when.

use super::show;
use crate::cli::output::Format;
use crate::cli::server::Api;
use crate::cli::table::{Table, text};
use crate::domain::name::AdapterName;
use crate::wire::adapter::{RevisionPage, RevisionView};

/// The newest revisions, as many as a page holds.
pub(super) async fn run(api: &Api, format: Format, adapter: &AdapterName) -> anyhow::Result<()> {
    let answer = api.get_verbatim(&format!("/v1/adapters/{adapter}/revisions?limit=1000")).await?;
    show(format, &answer.body, || {
        let page: RevisionPage = serde_json::from_str(&answer.body)?;
        Ok((!page.revisions.is_empty()).then(|| table(&page.revisions)))
    })
}

fn table(revisions: &[RevisionView]) -> Table {
    let mut table = Table::new(&["REVISION", "AT", "POSITION", "BY"]);
    for RevisionView { revision, at, actor, position, .. } in revisions {
        table.row([text(revision), text(at.format("%F %T%.3f")), text(position), text(actor)]);
    }
    table
}
