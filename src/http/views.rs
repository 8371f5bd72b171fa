//! The fleet as people see it: snapshots turned into wire types.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use crate::domain::action::ActionId;
use crate::domain::explain::{adapter_status, next_owner, status_of};
use crate::domain::fleet::{Adapter, Fleet, Lease, Registration, RegistrationState, Session};
use crate::domain::lease::heartbeat_interval;
use crate::domain::name::{AdapterName, RegistrationId, SessionId};
use crate::domain::status::AdminState;
use crate::orchestrator::snapshot::Snapshot;
use crate::wire::action::{PodAction, SessionAction};
use crate::wire::adapter::{AdapterDocument, AdapterView};
use crate::wire::pod::{Desired, LeaseGrant, PodView};
use crate::wire::session::SessionView;

pub(crate) fn adapter(snapshot: &Snapshot, name: &AdapterName, adapter: &Adapter) -> AdapterView {
    let (status, reason) = adapter_status(&snapshot.fleet, name, &snapshot.sight);
    AdapterView {
        document: AdapterDocument::from_spec(name.clone(), adapter.enabled, adapter.spec.as_ref().clone()),
        revision: adapter.revision,
        admin_state: AdminState::of(adapter.enabled),
        status,
        reason,
        sessions: snapshot.fleet.sessions_of(name).map(|(session, _)| session.clone()).collect(),
        changed_at: adapter.changed_at,
        pending_restart: snapshot.fleet.sessions_of(name).any(|(session, entry)| awaits_restart(&snapshot.fleet, session, entry)),
    }
}

fn awaits_restart(fleet: &Fleet, session: &SessionId, entry: &Session) -> bool {
    entry.lease.as_ref().is_some_and(|lease| fleet.awaits_restart(session, lease))
}

pub(crate) fn session(snapshot: &Snapshot, id: &SessionId, session: &Session) -> Option<SessionView> {
    let fleet = &snapshot.fleet;
    let adapter = fleet.adapter(&id.adapter)?;
    let (status, reason) = status_of(fleet, id, &snapshot.sight);
    let lease = session.lease.as_ref();
    Some(SessionView {
        session: id.clone(),
        adapter: id.adapter.clone(),
        mode: adapter.spec.mode,
        admin_state: AdminState::of(adapter.enabled),
        status,
        reason,
        owner: lease.map(|lease| lease.holder.clone()),
        token: lease.map(|lease| lease.token),
        since: lease.map(|lease| lease.since),
        next_owner: next_owner(fleet, id, &snapshot.sight),
        ttl_ms: lease.map_or(adapter.spec.lease_ttl_ms, |lease| lease.ttl).as_millis(),
        lease_age_ms: lease.map(|lease| silence_ms(snapshot, lease.registration)),
        revision: lease.map(|lease| lease.revision),
        newest_revision: adapter.revision,
        pending_restart: awaits_restart(fleet, id, session),
        open_actions: lease.map_or(0, |lease| lease.actions.len()),
    })
}

/// Milliseconds since this orchestrator last heard of a registration, or since it began to look.
fn silence_ms(snapshot: &Snapshot, registration: RegistrationId) -> u64 {
    let heard = snapshot.sight.heard(registration);
    let silence = heard.map_or(std::time::Duration::ZERO, |heard| Instant::now().saturating_duration_since(heard));
    u64::try_from(silence.as_millis()).unwrap_or(u64::MAX)
}

/// `now` is this machine's time, by which the last heartbeat is dated for people.
pub(crate) fn pod(snapshot: &Snapshot, id: RegistrationId, registration: &Registration, now: DateTime<Utc>) -> PodView {
    let silence = silence_ms(snapshot, id);
    let interval = heartbeat_interval(snapshot.fleet.shortest_ttl());
    let late = u128::from(silence) > (interval * 2).as_millis();
    let status = match registration.state {
        RegistrationState::Superseded => "SUPERSEDED",
        _ if late => "SILENT",
        RegistrationState::Draining => "DRAINING",
        RegistrationState::Ready => "READY",
    };
    PodView {
        pod: registration.holder.pod.clone(),
        incarnation: registration.holder.incarnation.clone(),
        registration: id,
        registered_at: registration.registered_at,
        status: status.into(),
        last_heartbeat_ms_ago: Some(silence),
        last_heartbeat_at: Some(now - TimeDelta::milliseconds(i64::try_from(silence).unwrap_or(i64::MAX))),
        capacity: registration.capacity,
        used: registration.used,
        sessions: registration.leases.iter().cloned().collect(),
        labels: registration.labels.clone(),
        connectors: registration.connectors.clone(),
        platform: registration.platform.clone(),
    }
}

/// A lease with all that a pod needs to run the session: the configuration that it was claimed with, whatever came since.
pub(crate) fn grant(snapshot: &Snapshot, session: &SessionId, lease: &Lease) -> LeaseGrant {
    let reason = snapshot.fleet.stop_reason(session, lease);
    let spec = lease.spec.as_ref().clone();
    LeaseGrant {
        session: session.clone(),
        token: lease.token,
        ttl_ms: lease.ttl.as_millis(),
        desired: if reason.is_some() { Desired::Stop } else { Desired::Run },
        reason,
        unconfirmed: !lease.confirmed,
        adapter: session.adapter.clone(),
        revision: lease.revision,
        connector: spec.connector,
        mode: spec.mode,
        on_lease_loss: spec.on_lease_loss,
        artifacts: spec.artifacts,
        settings: spec.settings,
        actions: untold(lease).collect(),
    }
}

/// The actions of a lease that its owner has not said to know of. A restart is ordered of it by other means.
fn untold(lease: &Lease) -> impl Iterator<Item = PodAction> {
    let open = lease.actions.iter().filter(|(_, open)| !open.received && !open.is_restart());
    open.map(|(id, open)| PodAction { action_id: ActionId(*id), action: open.name.clone(), parameters: open.parameters.as_ref().clone() })
}

/// The same of all leases of a registration.
pub(crate) fn untold_actions(snapshot: &Snapshot, registration: RegistrationId) -> Vec<SessionAction> {
    let leases = snapshot.fleet.leases_of(registration).filter(|(_, lease)| lease.confirmed);
    let of_session = |(session, lease): (&SessionId, &Lease)| -> Vec<SessionAction> {
        untold(lease).map(|action| SessionAction { session: session.clone(), token: lease.token, action }).collect()
    };
    leases.flat_map(of_session).collect()
}

/// All leases of a registration.
pub(crate) fn grants(snapshot: &Snapshot, registration: RegistrationId) -> Vec<LeaseGrant> {
    snapshot.fleet.leases_of(registration).map(|(session, lease)| grant(snapshot, session, lease)).collect()
}

/// Milliseconds between the heartbeats of every pod.
pub(crate) fn heartbeat_interval_ms(snapshot: &Snapshot) -> u32 {
    interval_ms(&snapshot.fleet)
}

/// The same of a fleet that need not be the present one.
pub(crate) fn interval_ms(fleet: &Fleet) -> u32 {
    u32::try_from(heartbeat_interval(fleet.shortest_ttl()).as_millis()).unwrap_or(u32::MAX)
}
