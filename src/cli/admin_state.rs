//! `enable` and `disable`: what operators want of adapters.

use std::collections::BTreeSet;

use super::lists::SessionList;
use super::output;
use super::progress::{Pending, Standing, WaitArgs, wait_until};
use super::server::Api;
use crate::client;
use crate::domain::name::AdapterName;
use crate::domain::status::{AdminState, OperationalStatus};
use crate::wire::adapter::{AdminStateAnswer, AdminStateRequest};
use crate::wire::session::SessionView;

/// Lets adapters run: their sessions are claimed and become ACTIVE.
///
/// Example: conncentric enable venue-a venue-b --wait
#[derive(Debug, clap::Args)]
pub(super) struct EnableArgs {
    #[command(flatten)]
    change: ChangeArgs,
}

/// Stops adapters: their sessions are closed in order and become INACTIVE.
///
/// Example: conncentric disable --all --reason "exchange closes early" --wait --timeout 2m
#[derive(Debug, clap::Args)]
pub(super) struct DisableArgs {
    #[command(flatten)]
    change: ChangeArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct ChangeArgs {
    #[command(flatten)]
    pub(super) which: Which,

    /// Why; kept with the event, for example "maintenance at the venue"
    #[arg(long, env = "CONNCENTRIC_REASON", value_name = "TEXT")]
    pub(super) reason: Option<String>,

    #[command(flatten)]
    pub(super) wait: WaitArgs,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Which {
    /// Adapters, for example venue-a
    #[arg(value_name = "NAME")]
    pub(super) names: Vec<AdapterName>,

    /// All adapters that there are
    #[arg(long)]
    pub(super) all: bool,
}

impl EnableArgs {
    pub(super) async fn run(self, api: &Api) -> anyhow::Result<()> {
        self.change.run(api, AdminState::Enabled).await
    }
}

impl DisableArgs {
    pub(super) async fn run(self, api: &Api) -> anyhow::Result<()> {
        self.change.run(api, AdminState::Disabled).await
    }
}

impl ChangeArgs {
    async fn run(self, api: &Api, wanted: AdminState) -> anyhow::Result<()> {
        let (path, done) = match wanted {
            AdminState::Enabled => ("/v1/adapters/enable", "enabled"),
            AdminState::Disabled => ("/v1/adapters/disable", "disabled"),
        };
        let request = AdminStateRequest { names: self.which.names, all: self.which.all, reason: self.reason };
        let answer: AdminStateAnswer = api.post(path, &request).await?;
        for name in &answer.changed {
            output::line(&format!("adapter/{name} {done}"))?;
        }
        for name in &answer.unchanged {
            output::line(&format!("adapter/{name} unchanged"))?;
        }
        until_reached(api, &self.wait, answer.changed.into_iter().chain(answer.unchanged).collect(), wanted).await
    }
}

/// Waits, if that was asked for, until every session of these adapters is as wanted.
pub(super) async fn until_reached(api: &Api, wait: &WaitArgs, names: BTreeSet<AdapterName>, wanted: AdminState) -> anyhow::Result<()> {
    if !wait.wait {
        return Ok(());
    }
    let goal = if wanted == AdminState::Enabled { "ACTIVE" } else { "INACTIVE" };
    wait_until(goal, wait.timeout, async || {
        let list: SessionList = api.get("/v1/sessions").await?;
        Ok::<_, client::Error>(standing(&names, wanted, &list.sessions))
    })
    .await
}

/// Counts sessions, not adapters: an adapter with several shows only the least well of them.
fn standing(names: &BTreeSet<AdapterName>, wanted: AdminState, sessions: &[SessionView]) -> Standing {
    let ours: Vec<_> = sessions.iter().filter(|session| names.contains(&session.adapter)).collect();
    let pending = ours.iter().filter(|session| !is_reached(session, wanted)).map(|session| Pending {
        what: session.session.to_string(),
        why: session.reason.as_ref().map_or_else(|| session.status.to_string(), |reason| format!("{}, {reason}", session.status)),
    });
    // An adapter that is to run and has no session is one that was deleted while we waited.
    let deleted = names.iter().filter(|name| wanted == AdminState::Enabled && !ours.iter().any(|session| session.adapter == **name));
    let deleted = deleted.map(|name| Pending { what: name.to_string(), why: "the adapter was deleted".into() });
    let pending: Vec<_> = pending.chain(deleted).collect();
    Standing { total: ours.len().max(pending.len()), pending }
}

/// The administrative state counts too, because an orchestrator that lags behind may show the status from before the order.
fn is_reached(session: &SessionView, wanted: AdminState) -> bool {
    session.admin_state == wanted
        && match wanted {
            AdminState::Enabled => session.status == OperationalStatus::Active,
            AdminState::Disabled => session.status == OperationalStatus::Inactive && session.owner.is_none(),
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::name::Holder;

    fn session(id: &str, admin_state: AdminState, status: OperationalStatus, owner: Option<&str>) -> SessionView {
        let owner = owner.map(|pod| Holder { pod: pod.parse().expect("a pod"), incarnation: "1".parse().expect("an incarnation") });
        let owner = serde_json::to_value(owner).expect("serialises");
        serde_json::from_value(serde_json::json!({
            "session": id, "adapter": id.split('/').next(), "mode": "load_balanced", "admin_state": admin_state, "status": status,
            "reason": null, "owner": owner, "token": null, "since": null, "next_owner": null, "ttl_ms": 5000,
            "lease_age_ms": null, "revision": null,
        }))
        .expect("a session")
    }

    fn pending(wanted: AdminState, sessions: &[SessionView]) -> Vec<String> {
        let names = BTreeSet::from(["a".parse().expect("a name")]);
        standing(&names, wanted, sessions).pending.into_iter().map(|pending| pending.what).collect()
    }

    #[test]
    fn a_view_from_before_the_order_does_not_end_the_wait() {
        let stale = session("a/0", AdminState::Disabled, OperationalStatus::Active, Some("pod-1"));
        assert_eq!(pending(AdminState::Enabled, &[stale]), ["a/0"]);
    }

    #[test]
    fn closed_means_that_no_pod_owns_it() {
        let closing = session("a/0", AdminState::Disabled, OperationalStatus::Inactive, Some("pod-1"));
        let closed = session("a/1", AdminState::Disabled, OperationalStatus::Inactive, None);
        let of_another = session("b/0", AdminState::Enabled, OperationalStatus::Active, Some("pod-1"));
        assert_eq!(pending(AdminState::Disabled, &[closing, closed, of_another]), ["a/0"]);
    }

    #[test]
    fn a_deleted_adapter_never_becomes_active_but_is_closed() {
        assert_eq!(pending(AdminState::Enabled, &[]), ["a"]);
        assert!(pending(AdminState::Disabled, &[]).is_empty());
    }
}
