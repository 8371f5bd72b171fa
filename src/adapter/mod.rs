//! The adapter pod: holds leases, runs the sessions they are for, and stops them before the leases end.
//!
//! Reading order:
//!
//! 1. `belief`: which leases the pod holds, from statements that come in any order. Pure.
//! 2. `trust`: how long it may act on that, from the heartbeats that were answered. Pure.
//! 3. `pod`: the one task that owns both, and `sessions` with a `session` task for each lease.
//!    `supply` brings the artifacts that it needs.
//! 4. `heartbeat`, `stream`, `release`, `answers`: the tasks that talk to orchestrators, through `link`.
//! 5. `management`: `/healthz`, `/readyz` and `/metrics`.
//!
//! Absent on purpose: the log, SQL, wall clocks, and any decision about who owns what. A pod only believes.

mod answers;
pub(crate) mod belief;
mod heartbeat;
mod link;
mod management;
mod message;
mod metrics;
mod pod;
mod release;
mod scribe;
mod session;
mod sessions;
mod stream;
mod supply;
pub(crate) mod trust;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use anyhow::Context;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::answers::Respondent;
use self::belief::Belief;
use self::heartbeat::{Heart, Vitals};
use self::link::Link;
use self::management::Management;
use self::metrics::Metrics;
use self::pod::{Drain, Pod};
use self::release::{Closed, Releaser};
use self::scribe::Scribe;
use self::sessions::{Sessions, Surroundings};
use self::stream::Ear;
use self::supply::Supply;
use self::trust::Trust;
use crate::client::Client;
use crate::connector::action::Answers;
use crate::connector::journal::Journal;
use crate::connector::registry::Registry;
use crate::domain::adapter::{Labels, check_labels};
use crate::domain::name::{Incarnation, PodName};
use crate::plugin::platform;
use crate::plugin::sign::TrustedKeys;
use crate::time::since_boot;
use crate::trace::Traces;
use crate::wire::pod::RegisterRequest;

/// Messages that wait for the pod's loop. It waits for nobody, so this is never full for long.
const INBOX: usize = 256;

/// How long a drain may take unless somebody says otherwise. The grace period of a container is longer.
pub const DEFAULT_DRAIN_TIMEOUT: Duration = Duration::from_secs(25);

/// What a pod is to be.
#[derive(Clone)]
pub struct Config {
    pub orchestrators: Vec<reqwest::Url>,
    pub pod: PodName,
    /// Units of session that it has room for.
    pub capacity: u32,
    pub labels: Labels,
    /// The bearer token by which orchestrators know it.
    pub access_token: String,
    /// Where `/healthz`, `/readyz` and `/metrics` are served, if anywhere.
    pub management_listen: Option<SocketAddr>,
    /// Settings and artifacts of sessions are put here, readable for this user alone.
    pub data_dir: PathBuf,
    /// Where artifacts are kept once they were fetched. Pods may share it.
    pub cache: PathBuf,
    /// Public keys by one of which plugins must be signed to be run here. With none, none need be.
    pub plugin_keys: Vec<PathBuf>,
    /// Who is told how sessions start here.
    pub traces: Traces,
    /// How long a shutdown may take before sessions are stopped by force.
    pub drain_timeout: Duration,
}

impl std::fmt::Debug for Config {
    /// Without the access token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").field("orchestrators", &self.orchestrators).field("pod", &self.pod).finish_non_exhaustive()
    }
}

/// Runs a pod with the built-in connectors until `shutdown` is cancelled and all its sessions are closed and released.
///
/// # Errors
/// Fails if the pod cannot be set up, if the orchestrators refuse it for good, if a newer process has its name, or if the
/// drain could not be finished in time. No session of it runs any more then.
pub async fn run(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let registry = Registry::built_in().context("cannot set up the connectors")?;
    run_with(config, registry, shutdown).await
}

/// Like [`run`], with connectors of the caller's choice.
///
/// # Errors
/// As [`run`].
pub async fn run_with(config: Config, registry: Registry, shutdown: CancellationToken) -> anyhow::Result<()> {
    check_labels("label", &config.labels)?;
    prepare(&config.data_dir).await.with_context(|| format!("cannot use the data directory {}", config.data_dir.display()))?;
    let plugin_keys = TrustedKeys::read(&config.plugin_keys)?;
    let client = Client::new(&config.orchestrators, Some(&config.access_token))?;
    let registration = RegisterRequest {
        pod: config.pod.clone(),
        incarnation: Incarnation::new(&Uuid::new_v4().to_string())?,
        capacity: config.capacity,
        labels: config.labels,
        connectors: registry.names().cloned().collect(),
        platform: Some(platform::own()),
    };
    tracing::info!(pod = %registration.pod, incarnation = %registration.incarnation, capacity = registration.capacity, "starting");
    let link = Link::new(client, registration);
    let metrics = Arc::new(Metrics::default());
    let turned = Arc::new(AtomicU64::new(u64::try_from(since_boot().as_millis()).unwrap_or(u64::MAX)));

    let ready = Arc::new(AtomicBool::new(false));
    // Dropped, and so ended, when the pod has: none of them may speak for it after that.
    let mut helpers = JoinSet::new();
    if let Some(address) = config.management_listen {
        let management = Management { registry: metrics.register(), turned: Arc::clone(&turned), ready: Arc::clone(&ready) };
        helpers.spawn(management.bind(address).await?);
    }
    let (inbox, messages) = mpsc::channel(INBOX);
    let (vitals, vitals_seen) = watch::channel(Vitals::default());
    let (standing, standing_seen) = watch::channel(Trust::default());
    let (closed, closed_seen) = watch::channel(Closed::new());
    let (registrations, registrations_seen) = watch::channel(0);
    let nudge = Arc::new(Notify::new());
    helpers.spawn(
        Heart {
            link: link.clone(),
            vitals: vitals_seen,
            standing: standing_seen,
            receipt: None,
            nudge: Arc::clone(&nudge),
            registrations,
            inbox: inbox.clone(),
            metrics: Arc::clone(&metrics),
        }
        .run(),
    );
    helpers.spawn(Ear { link: link.clone(), registrations: registrations_seen, nudge: Arc::clone(&nudge), inbox: inbox.clone() }.run());
    helpers.spawn(Releaser { link: link.clone(), closed: closed_seen, inbox: inbox.clone() }.run());

    let (journal, entries) = mpsc::channel(scribe::WAITING);
    helpers.spawn(Scribe { link: link.clone(), entries }.run());
    let journal = Journal::new(journal);
    let (answers, given) = mpsc::unbounded_channel();
    helpers.spawn(Respondent { link: link.clone(), answers: given }.run());
    let answers = Answers::new(answers);
    let around = Surroundings {
        journal,
        answers,
        pod: config.pod,
        registry,
        data_dir: config.data_dir,
        inbox: inbox.clone(),
        metrics: Arc::clone(&metrics),
        traces: config.traces.clone(),
        supply: Arc::new(Supply::new(link.clone(), &config.cache, plugin_keys)),
    };
    let pod = Pod {
        link: link.clone(),
        belief: Belief::default(),
        trust: Trust::default(),
        sessions: Sessions::new(around),
        vitals,
        standing,
        closed,
        nudge,
        inbox,
        metrics,
        turned,
        ready,
        drain_timeout: config.drain_timeout,
        registered: false,
        drain: Drain::No,
    };
    let outcome = pod.run(messages, shutdown).await;
    // First, or a heartbeat would find the registration gone and make a new one.
    helpers.shutdown().await;
    if outcome.is_ok() {
        sign_off(&link).await;
    }
    config.traces.finish().await;
    outcome
}

/// Ends the registration, if an orchestrator answers. Otherwise it ends when the pod is found to be silent.
async fn sign_off(link: &Link) {
    match timeout(Duration::from_secs(3), link.leave()).await {
        Ok(Ok(())) => tracing::info!("{} has left", link.pod()),
        Ok(Err(error)) => tracing::warn!("cannot sign off: {error}"),
        Err(_) => tracing::warn!("cannot sign off: no orchestrator answers"),
    }
}

/// Makes the data directory, for this user alone.
async fn prepare(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    tokio::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).await?;
    tokio::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).await
}
