//! Which pod runs what: a pure choice that is sticky, respects capacity, labels and connectors, and moves nothing by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use super::adapter::{AdapterSpec, LeaseTtl};
use super::fleet::{Fleet, Registration, RegistrationState};
use super::lease;
use super::name::{ConnectorName, PodName, RegistrationId, SessionId};

/// What a decision may know of the present besides the log: how long each registration has been silent, and how long ago
/// the epoch began, as this orchestrator itself observed it. Facts that outlive the decision are written into its events.
pub trait Observed {
    /// Silence that counts against a lease of timeout `ttl`: time without sight of the log is left out.
    fn silence(&self, registration: RegistrationId, ttl: LeaseTtl) -> Duration;

    /// How long ago the present epoch began, or longer than this orchestrator has been looking.
    fn since_epoch(&self) -> Duration;
}

/// Why no pod can run a session. Ordered: the later, the closer some pod came to running it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum NoPlace {
    #[error("no pod is registered")]
    NoPod,
    #[error("there is no other pod")]
    NoOtherPod,
    #[error("no pod takes new sessions: they are draining")]
    Draining,
    #[error("no pod offers connector {0}")]
    NoConnector(ConnectorName),
    #[error("no pod has the platform for connector {0}; its plugin runs on {1}")]
    NoPlatform(ConnectorName, String),
    #[error("no pod has the labels {0}")]
    NoLabels(String),
    #[error("no pod has room for {0} more")]
    NoRoom(u32),
    #[error("the pods that could run it are silent")]
    Silent,
}

impl NoPlace {
    /// The same obstacle where only one pod was asked for.
    #[must_use]
    pub fn of_that_pod(&self) -> String {
        match self {
            Self::NoPod | Self::NoOtherPod => "it is not registered".into(),
            Self::Draining => "it is draining".into(),
            Self::NoConnector(connector) => format!("it does not offer connector {connector}"),
            Self::NoPlatform(connector, platforms) => format!("its platform is none of those of connector {connector} ({platforms})"),
            Self::NoLabels(labels) => format!("it does not have the labels {labels}"),
            Self::NoRoom(units) => format!("it has no room for {units} more"),
            Self::Silent => "nothing was heard of it for too long".into(),
        }
    }
}

/// Chooses a registration for a session. `without` is a pod that must not get it.
///
/// Order of preference: pods heard of lately; the session's preferred pod (it ran there before, or moves there); fewest
/// sessions of the same adapter, so that replicas spread; least loaded by share of capacity; the name, so that it is stable.
pub fn choose(fleet: &Fleet, session: &SessionId, without: Option<&PodName>, observed: &impl Observed) -> Result<RegistrationId, NoPlace> {
    let Some(adapter) = fleet.adapter(&session.adapter) else { return Err(NoPlace::NoPod) };
    let spec = &adapter.spec;
    let shortest = fleet.shortest_ttl();
    // Judged by how often pods heartbeat, not by this adapter's timeout: an hour's lease is no reason to trust a dead pod.
    let doubtful_after = lease::heartbeat_interval(shortest) * 2;
    let preferred = fleet.session(session).and_then(|session| session.preferred.as_ref());
    let siblings = siblings(fleet, session, spec);
    let mut best = None;
    let mut obstacle = NoPlace::NoPod;
    for (id, registration) in fleet.pods() {
        let pod = &registration.holder.pod;
        if without == Some(pod) {
            obstacle = obstacle.max(NoPlace::NoOtherPod);
            continue;
        }
        // A short loss of sight voids silence for short timeouts, and not for long ones: whose lease has just ended must not get it back.
        let silence = observed.silence(id, spec.lease_ttl_ms);
        // Silent for the shortest timeout in use, it would be lost if it held nothing. That one is never longer than the adapter's.
        let silent = if observed.silence(id, shortest) >= shortest.as_duration() { Err(NoPlace::Silent) } else { Ok(()) };
        if let Err(why) = fits(fleet, registration, spec, silence).and(silent) {
            obstacle = obstacle.max(why);
            continue;
        }
        let doubtful = silence > doubtful_after;
        let siblings = siblings.get(&id).copied().unwrap_or(0);
        // Shares are compared in integers: load / capacity in millionths.
        let share = u64::from(registration.load()) * 1_000_000 / u64::from(registration.capacity.max(1));
        let rank = (doubtful, preferred != Some(pod), siblings, share, pod);
        if best.as_ref().is_none_or(|(other, _)| rank < *other) {
            best = Some((rank, id));
        }
    }
    best.map(|(_, id)| id).ok_or(obstacle)
}

/// Whether a pod could run a session of this adapter now.
pub fn fits(fleet: &Fleet, registration: &Registration, spec: &AdapterSpec, silence: Duration) -> Result<(), NoPlace> {
    if registration.state != RegistrationState::Ready {
        return Err(NoPlace::Draining);
    }
    if !registration.connectors.contains(&spec.connector) {
        can_run_plugin(fleet, registration, &spec.connector)?;
    }
    let labels = &spec.placement.labels;
    if !labels.iter().all(|(key, value)| registration.labels.get(key) == Some(value)) {
        let wanted = labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",");
        return Err(NoPlace::NoLabels(wanted));
    }
    if registration.capacity.saturating_sub(registration.load()) < spec.placement.capacity {
        return Err(NoPlace::NoRoom(spec.placement.capacity));
    }
    if silence >= spec.lease_ttl_ms.as_duration() {
        return Err(NoPlace::Silent);
    }
    Ok(())
}

/// A pod need not offer what a plugin brings: it fetches that, if there is a program for its platform.
fn can_run_plugin(fleet: &Fleet, registration: &Registration, connector: &ConnectorName) -> Result<(), NoPlace> {
    let Some((_, plugin)) = fleet.plugin_of(connector) else { return Err(NoPlace::NoConnector(connector.clone())) };
    if registration.platform.as_deref().is_some_and(|platform| plugin.facts.entry(platform).is_some()) {
        return Ok(());
    }
    let platforms: Vec<&str> = plugin.facts.platforms.keys().map(String::as_str).collect();
    Err(NoPlace::NoPlatform(connector.clone(), platforms.join(", ")))
}

/// How many other sessions of the same adapter each registration has or is about to get by a move.
fn siblings(fleet: &Fleet, session: &SessionId, spec: &AdapterSpec) -> BTreeMap<RegistrationId, usize> {
    let mut siblings = BTreeMap::new();
    if spec.replicas > 1 {
        let others = fleet.sessions_of(&session.adapter).filter(|(other, _)| *other != session);
        for lease in others.filter_map(|(_, other)| other.lease.as_ref()) {
            let at = lease.moving_to.as_ref().map_or(lease.registration, |to| to.registration);
            *siblings.entry(at).or_default() += 1;
        }
    }
    siblings
}
