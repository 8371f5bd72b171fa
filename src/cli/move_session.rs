//! `move`: a planned handover of one session.

use super::output;
use super::progress::{Pending, Standing, WaitArgs, wait_until};
use super::server::Api;
use crate::client;
use crate::domain::name::{PodName, SessionId};
use crate::domain::status::OperationalStatus;
use crate::wire::session::{MoveAnswer, MoveRequest, SessionView};

/// Moves a session to another pod: the owner closes it first, and no lease has to run out.
///
/// Example: conncentric move venue-a/0 --to pod-2 --wait
#[derive(Debug, clap::Args)]
pub(super) struct MoveArgs {
    /// The session, for example venue-a/0
    session: SessionId,

    /// The pod that gets it, for example pod-2
    #[arg(long, env = "CONNCENTRIC_MOVE_TO", value_name = "POD")]
    to: PodName,

    /// Only say whether it could be done
    #[arg(long, env = "CONNCENTRIC_DRY_RUN")]
    dry_run: bool,

    #[command(flatten)]
    wait: WaitArgs,
}

impl MoveArgs {
    pub(super) async fn run(self, api: &Api) -> anyhow::Result<()> {
        let Self { session, to, dry_run, wait } = self;
        let path = format!("/v1/sessions/{session}");
        let answer: MoveAnswer = api.post(&format!("{path}/move"), &MoveRequest { to: to.clone(), dry_run }).await?;
        let from = answer.from.map_or_else(String::new, |holder| format!(" from {}", holder.pod));
        let note = if dry_run { " (dry run)" } else { "" };
        output::line(&format!("session/{session} moves{from} to {to}{note}"))?;
        if dry_run || !wait.wait {
            return Ok(());
        }
        wait_until("moved", wait.timeout, async || Ok::<_, client::Error>(standing(&api.get(&path).await?, &to))).await
    }
}

fn standing(session: &SessionView, to: &PodName) -> Standing {
    let owner = session.owner.as_ref().map(|holder| &holder.pod);
    if owner == Some(to) && session.status == OperationalStatus::Active {
        return Standing { total: 1, pending: Vec::new() };
    }
    let owner = owner.map_or_else(|| "no pod owns it".to_owned(), |pod| format!("owned by {pod}"));
    let reason = session.reason.as_ref().map_or_else(String::new, |reason| format!(", {reason}"));
    let why = format!("{owner}, {}{reason}", session.status);
    Standing { total: 1, pending: vec![Pending { what: session.session.to_string(), why }] }
}
