//! `maintenance`: adapters are taken down for a while, and exactly those brought back.

use clap::Subcommand;

use super::admin_state::{ChangeArgs, until_reached};
use super::output;
use super::progress::WaitArgs;
use super::server::Api;
use crate::domain::status::AdminState;
use crate::wire::adapter::AdminStateRequest;
use crate::wire::maintenance::{EndMaintenance, MaintenanceAnswer};

/// Takes adapters down for a while, remembers which, and brings back exactly those.
///
/// Example: conncentric maintenance begin --all --reason "new switches" --wait
#[derive(Debug, clap::Args)]
pub(super) struct MaintenanceArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Disables what is enabled among these, and remembers it; what is disabled already is left to whoever disabled it
    Begin(ChangeArgs),
    /// Enables what maintenance has disabled, and nothing else
    End(EndArgs),
    /// Shows what the end of the maintenance will enable
    Status,
}

#[derive(Debug, clap::Args)]
struct EndArgs {
    /// Why; kept with the events
    #[arg(long, env = "CONNCENTRIC_REASON", value_name = "TEXT")]
    reason: Option<String>,

    #[command(flatten)]
    wait: WaitArgs,
}

impl MaintenanceArgs {
    pub(super) async fn run(self, api: &Api) -> anyhow::Result<()> {
        match self.action {
            Action::Begin(ChangeArgs { which, reason, wait }) => {
                let request = AdminStateRequest { names: which.names, all: which.all, reason };
                let answer: MaintenanceAnswer = api.post("/v1/maintenance", &request).await?;
                say(&answer, "disabled")?;
                until_reached(api, &wait, answer.adapters.into_iter().collect(), AdminState::Disabled).await
            }
            Action::End(EndArgs { reason, wait }) => {
                let answer: MaintenanceAnswer = api.delete_with("/v1/maintenance", &EndMaintenance { reason }).await?;
                say(&answer, "enabled")?;
                until_reached(api, &wait, answer.changed.into_iter().collect(), AdminState::Enabled).await
            }
            Action::Status => {
                let answer: MaintenanceAnswer = api.get("/v1/maintenance").await?;
                if answer.adapters.is_empty() {
                    return output::line("no maintenance is under way");
                }
                for name in &answer.adapters {
                    output::line(&format!("adapter/{name} comes back when the maintenance ends"))?;
                }
                Ok(())
            }
        }
    }
}

fn say(answer: &MaintenanceAnswer, done: &str) -> anyhow::Result<()> {
    for name in &answer.changed {
        output::line(&format!("adapter/{name} {done}"))?;
    }
    if answer.changed.is_empty() {
        output::line("nothing to change")?;
    }
    Ok(())
}
