//! `rebalance`: pods that came late get their share.

use super::lists::SessionList;
use super::output::{self, Format, FormatArgs};
use super::progress::{Pending, Standing, WaitArgs, wait_until};
use super::server::Api;
use super::table::{Table, optional, text};
use crate::client;
use crate::domain::status::OperationalStatus;
use crate::wire::rebalance::{OrderedMove, RebalanceAnswer, RebalanceRequest};
use crate::wire::session::SessionView;

/// Moves sessions from the most loaded pods to those with room, for example after an upgrade.
///
/// Each move is a handover. Nothing moves that would not make the load more even, so asked again it ends by itself.
///
/// Example: conncentric rebalance --max-moves 5 --wait
#[derive(Debug, clap::Args)]
pub(super) struct RebalanceArgs {
    /// Sessions to move at most, 1 to 100. They close at the same time
    #[arg(long, env = "CONNCENTRIC_MAX_MOVES", value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    max_moves: u32,

    /// Only say what would be moved
    #[arg(long, env = "CONNCENTRIC_DRY_RUN")]
    dry_run: bool,

    #[command(flatten)]
    wait: WaitArgs,

    #[command(flatten)]
    format: FormatArgs,
}

impl RebalanceArgs {
    pub(super) async fn run(self, api: &Api) -> anyhow::Result<()> {
        let Self { max_moves, dry_run, wait, format } = self;
        let answer: RebalanceAnswer = api.post("/v1/rebalance", &RebalanceRequest { max_moves, dry_run }).await?;
        match format.output {
            Format::Json => output::json(&serde_json::to_string(&answer)?)?,
            Format::Table => show(dry_run, &answer)?,
        }
        if dry_run || !wait.wait || answer.moves.is_empty() {
            return Ok(());
        }
        wait_until("moved", wait.timeout, async || {
            let list: SessionList = api.get("/v1/sessions").await?;
            Ok::<_, client::Error>(standing(&answer.moves, &list.sessions))
        })
        .await
    }
}

fn show(dry_run: bool, answer: &RebalanceAnswer) -> anyhow::Result<()> {
    if answer.moves.is_empty() {
        return output::line("nothing to move: the load is as even as moves can make it");
    }
    output::line(&format!("{} sessions move{}", answer.moves.len(), if dry_run { " (dry run)" } else { "" }))?;
    let mut table = Table::new(&["SESSION", "FROM", "TO"]);
    for order in &answer.moves {
        table.row([text(&order.session), optional(order.from.as_ref()), text(&order.to)]);
    }
    output::line(&table.render())
}

fn standing(moves: &[OrderedMove], sessions: &[SessionView]) -> Standing {
    let pending = moves.iter().filter_map(|order| {
        let session = sessions.iter().find(|session| session.session == order.session)?;
        let owner = session.owner.as_ref().map(|holder| &holder.pod);
        let there = owner == Some(&order.to) && session.status == OperationalStatus::Active;
        let reason = session.reason.as_ref().map_or_else(String::new, |reason| format!(", {reason}"));
        (!there).then(|| Pending { what: order.session.to_string(), why: format!("{}{reason}", session.status) })
    });
    Standing { total: moves.len(), pending: pending.collect() }
}
