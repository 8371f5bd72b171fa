//! `probe`: whether a session can run here and move, tried with one of our own.

use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use super::output;
use super::progress::{Pending, Standing, wait_until};
use super::server::Api;
use super::values;
use crate::client;
use crate::domain::name::{AdapterName, PodName, SessionId};
use crate::domain::status::OperationalStatus;
use crate::wire::adapter::{AdapterDocument, AdminStateAnswer, AdminStateRequest, PutAnswer};
use crate::wire::session::{MoveAnswer, MoveRequest, SessionView};

/// Tries the system with a session of its own: runs it, moves it to another pod, and removes it.
///
/// Needs the access token of an administrator and two pods with room. Other sessions are not touched. Exit code 0 if all
/// of it worked.
///
/// Example: conncentric probe --timeout 90s
#[derive(Debug, clap::Args)]
pub(super) struct ProbeArgs {
    /// How long each step may take, for example 30s or 2m
    #[arg(long, env = "CONNCENTRIC_TIMEOUT", value_name = "DURATION", value_parser = values::duration, default_value = "60s")]
    timeout: Duration,
}

/// The adapter that is tried, and its one session.
struct Probe<'a> {
    api: &'a Api,
    adapter: AdapterName,
    session: SessionId,
    timeout: Duration,
}

impl ProbeArgs {
    pub(super) async fn run(self, api: &Api) -> anyhow::Result<()> {
        let random = Uuid::new_v4().simple().to_string();
        let name = format!("probe-{}", random.get(..8).unwrap_or(&random));
        let probe = Probe { api, adapter: name.parse()?, session: format!("{name}/0").parse()?, timeout: self.timeout };
        let tried = probe.run_and_move().await;
        // Whatever came of it, nothing of ours stays.
        let removed = probe.remove().await.with_context(|| format!("the adapter {name} is left behind; disable and delete it"));
        tried.and(removed)
    }
}

impl Probe<'_> {
    async fn run_and_move(&self) -> anyhow::Result<()> {
        // A pod's own image need not hold more than a shell's usual programs.
        let document: AdapterDocument = serde_json::from_value(json!({
            "name": self.adapter, "connector": "exec", "mode": "exclusive", "lease_ttl": "30s", "enabled": true,
            "settings": { "command": ["sleep", "3600"] },
        }))?;
        let began = Instant::now();
        let _: PutAnswer = self.api.put(&format!("/v1/adapters/{}", self.adapter), &document).await?;
        self.until_active(None).await.context("the session did not come up")?;
        let first = self.look().await?;
        let owner = first.owner.map(|holder| holder.pod).context("the session is ACTIVE and has no owner")?;
        output::line(&format!("session/{} ACTIVE on {owner} after {}", self.session, since(began)))?;

        let next = first.next_owner.context("no other pod could take it over; run two pods at least, with room")?;
        let began = Instant::now();
        let order = MoveRequest { to: next.clone(), dry_run: false };
        let _: MoveAnswer = self.api.post(&format!("/v1/sessions/{}/move", self.session), &order).await?;
        self.until_active(Some(&next)).await.with_context(|| format!("the session did not come up on {next}"))?;
        output::line(&format!("session/{} ACTIVE on {next} {} after it was moved", self.session, since(began)))
    }

    async fn look(&self) -> Result<SessionView, client::Error> {
        self.api.get(&format!("/v1/sessions/{}", self.session)).await
    }

    async fn until_active(&self, on: Option<&PodName>) -> anyhow::Result<()> {
        wait_until("ACTIVE", self.timeout, async || Ok::<_, client::Error>(standing(&self.look().await?, on))).await
    }

    async fn remove(&self) -> anyhow::Result<()> {
        let disable = AdminStateRequest { names: [self.adapter.clone()].into(), all: false, reason: Some("the probe is over".into()) };
        let _: AdminStateAnswer = match self.api.post("/v1/adapters/disable", &disable).await {
            // It was never declared.
            Err(client::Error::Refused(problem)) if problem.status == 404 => return Ok(()),
            answer => answer?,
        };
        wait_until("INACTIVE", self.timeout, async || {
            let session = self.look().await?;
            let pending = session.owner.map(|holder| Pending { what: self.session.to_string(), why: format!("closing on {}", holder.pod) });
            Ok::<_, client::Error>(Standing { total: 1, pending: pending.into_iter().collect() })
        })
        .await?;
        self.api.delete(&format!("/v1/adapters/{}", self.adapter)).await?;
        output::line(&format!("adapter/{} removed", self.adapter))
    }
}

fn standing(session: &SessionView, on: Option<&PodName>) -> Standing {
    let owner = session.owner.as_ref().map(|holder| &holder.pod);
    if session.status == OperationalStatus::Active && on.is_none_or(|pod| owner == Some(pod)) {
        return Standing { total: 1, pending: Vec::new() };
    }
    let reason = session.reason.as_ref().map_or_else(String::new, |reason| format!(", {reason}"));
    Standing { total: 1, pending: vec![Pending { what: session.session.to_string(), why: format!("{}{reason}", session.status) }] }
}

fn since(began: Instant) -> humantime::FormattedDuration {
    humantime::format_duration(Duration::from_millis(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)))
}
