//! `get actions`: what was ordered of a session, and what became of it.

use super::show;
use crate::cli::output::Format;
use crate::cli::server::Api;
use crate::cli::table::{Table, Times, optional, text};
use crate::domain::name::SessionId;
use crate::wire::action::{ActionPage, ActionView};

/// Lists the actions that were ordered of a session, newest first.
///
/// Example: conncentric get actions venue-a/0
#[derive(Debug, clap::Args)]
pub(super) struct ActionsArgs {
    /// The session, for example venue-a/0
    #[arg(value_name = "SESSION")]
    session: SessionId,

    /// How many to show at most
    #[arg(long, env = "CONNCENTRIC_LIMIT", value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

impl ActionsArgs {
    pub(super) async fn run(self, api: &Api, format: Format) -> anyhow::Result<()> {
        let answer = api.get_verbatim(&format!("/v1/sessions/{}/actions?limit={}", self.session, self.limit)).await?;
        show(format, &answer.body, || {
            let page: ActionPage = serde_json::from_str(&answer.body)?;
            Ok((!page.actions.is_empty()).then(|| table(&page.actions)))
        })
    }
}

fn table(actions: &[ActionView]) -> Table {
    let mut table = Table::new(&["ID", "ACTION", "PARAMETERS", "STATE", "ORDERED AT", "ORDERED BY", "ANSWERED AT", "MESSAGE"]);
    for action in actions {
        let parameters = serde_json::Value::Object(action.parameters.clone());
        table.row([
            text(action.action_id),
            text(&action.action),
            optional((!action.parameters.is_empty()).then_some(parameters)),
            text(action.state),
            Times::Full.cell(Some(action.ordered_at)),
            text(&action.ordered_by),
            Times::Full.cell(action.answered_at),
            optional(action.message.as_ref()),
        ]);
    }
    table
}
