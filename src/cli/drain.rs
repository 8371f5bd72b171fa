//! `drain` and `undrain`: a pod hands over all its sessions and gets no new ones, until that is taken back.

use super::lists::{PodList, SessionList};
use super::output::{self, Format, FormatArgs};
use super::progress::{Pending, Standing, WaitArgs, wait_until};
use super::server::Api;
use super::table::{Table, optional, text};
use crate::client;
use crate::domain::name::{PodName, SessionId};
use crate::wire::pod::{DrainAnswer, DrainRequest};
use crate::wire::session::SessionView;

/// Hands over all sessions of a pod and gives it no new ones.
///
/// Example: conncentric drain pod-2 --reason "node upgrade" --wait
#[derive(Debug, clap::Args)]
pub(super) struct DrainArgs {
    /// The pod, for example pod-2
    pod: PodName,

    /// Why; kept with the event, for example "node upgrade"
    #[arg(long, env = "CONNCENTRIC_REASON", value_name = "TEXT")]
    reason: Option<String>,

    /// Only say where each session would go
    #[arg(long, env = "CONNCENTRIC_DRY_RUN")]
    dry_run: bool,

    #[command(flatten)]
    wait: WaitArgs,

    #[command(flatten)]
    format: FormatArgs,
}

/// Ends a drain: the pod may be given sessions again.
///
/// Example: conncentric undrain pod-2
#[derive(Debug, clap::Args)]
pub(super) struct UndrainArgs {
    /// The pod, for example pod-2
    pod: PodName,
}

impl DrainArgs {
    pub(super) async fn run(self, api: &Api) -> anyhow::Result<()> {
        let Self { pod, reason, dry_run, wait, format } = self;
        let request = DrainRequest { incarnation: None, reason, dry_run };
        let answer: DrainAnswer = api.post(&format!("/v1/pods/{pod}/drain"), &request).await?;
        match format.output {
            Format::Json => output::json(&serde_json::to_string(&answer)?)?,
            Format::Table => show(&pod, dry_run, &answer)?,
        }
        if dry_run || !wait.wait {
            return Ok(());
        }
        wait_until("handed over", wait.timeout, async || {
            let pods: PodList = api.get("/v1/pods").await?;
            // A pod that has left holds nothing.
            let held = pods.pods.into_iter().find(|other| other.pod == pod).map(|pod| pod.sessions).unwrap_or_default();
            let reasons = if held.is_empty() { Vec::new() } else { api.get::<SessionList>("/v1/sessions").await?.sessions };
            let pending: Vec<_> = held.iter().map(|id| Pending { what: id.to_string(), why: why(&reasons, id) }).collect();
            Ok::<_, client::Error>(Standing { total: answer.handovers.len().max(pending.len()), pending })
        })
        .await
    }
}

fn why(sessions: &[SessionView], id: &SessionId) -> String {
    let session = sessions.iter().find(|session| session.session == *id);
    session.map_or_else(String::new, |session| session.reason.clone().unwrap_or_else(|| session.status.to_string()))
}

fn show(pod: &PodName, dry_run: bool, answer: &DrainAnswer) -> anyhow::Result<()> {
    let note = if dry_run { " (dry run)" } else { "" };
    output::line(&format!("pod/{pod} draining{note}"))?;
    if answer.handovers.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&["SESSION", "TO", "REASON"]);
    for handover in &answer.handovers {
        table.row([text(&handover.session), optional(handover.to.as_ref()), optional(handover.reason.as_ref())]);
    }
    output::line(&table.render())
}

impl UndrainArgs {
    pub(super) async fn run(self, api: &Api) -> anyhow::Result<()> {
        let _: DrainAnswer = api.post(&format!("/v1/pods/{}/undrain", self.pod), &serde_json::json!({})).await?;
        output::line(&format!("pod/{} takes sessions again", self.pod))
    }
}
