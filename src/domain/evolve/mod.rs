//! The fold: what each ledger event changes. History that cannot be folded is a typed error, never skipped.

mod action;
mod adapter;
mod artifact;
mod epoch;
mod plugin;

use std::cmp::Reverse;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use crate::domain::adapter::{AdapterSpec, LeaseTtl};
use crate::domain::archive;
use crate::domain::event::{Event, PodRegistered, Recorded, SessionClaimed, SessionMoveOrdered, SessionStatusChanged};
use crate::domain::fleet::{Fleet, IssuedToken, Lease, MoveTarget, Registration, RegistrationState, Session, Vacated};
use crate::domain::identity::AccessToken;
use crate::domain::name::{AdapterName, Holder, Incarnation, PodName, RegistrationId, SessionId};
use crate::domain::status::OperationalStatus;
use crate::domain::token::{FencingToken, Position};

/// Superseded incarnations that a pod name remembers.
const FORMER_KEPT: usize = 16;

/// History that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the log is corrupt at position {position}: {problem}")]
pub struct Corrupt {
    pub position: Position,
    pub problem: String,
}

/// Folds one ledger event into the fleet.
pub fn evolve(mut fleet: Fleet, recorded: &Recorded) -> Result<Fleet, Corrupt> {
    match fold(&mut fleet, recorded) {
        Ok(()) => Ok(fleet),
        Err(problem) => Err(Corrupt { position: recorded.position, problem: format!("{}: {problem}", recorded.event.type_name()) }),
    }
}

fn fold(fleet: &mut Fleet, recorded: &Recorded) -> Result<(), String> {
    if recorded.position <= fleet.ledger_position {
        return Err(format!("it does not come after {}", fleet.ledger_position));
    }
    let begins = match &recorded.event {
        _ if fleet.ledger_position == 0 => true,
        Event::EpochBegan(event) if event.previous != fleet.epoch => {
            return Err(format!("it says that it follows epoch {}, and epoch {} is before it", event.previous, fleet.epoch));
        }
        Event::EpochBegan(_) => recorded.epoch > fleet.epoch,
        _ => recorded.epoch == fleet.epoch,
    };
    if !begins {
        return Err(format!("epoch {} follows epoch {}", recorded.epoch, fleet.epoch));
    }
    fleet.epoch = recorded.epoch;
    fleet.ledger_position = recorded.position;
    fleet.recorded_at = recorded.recorded_at;
    apply(fleet, recorded)
}

fn apply(fleet: &mut Fleet, recorded: &Recorded) -> Result<(), String> {
    match &recorded.event {
        Event::AdapterDeclared(event) => adapter::declare(fleet, recorded, event),
        Event::AdapterRevised(event) => adapter::revise(fleet, recorded, event),
        Event::AdapterDeleted(event) => adapter::delete(fleet, event),
        Event::AdapterEnabled(event) => adapter::set_enabled(fleet, recorded, &event.adapter, true, event.reason.as_ref()),
        Event::AdapterDisabled(event) => adapter::set_enabled(fleet, recorded, &event.adapter, false, event.reason.as_ref()),
        Event::ArtifactStored(event) => artifact::store(fleet, recorded, event),
        Event::ArtifactDeleted(event) => artifact::delete(fleet, event),
        Event::PluginInstalled(event) => plugin::install(fleet, recorded, event),
        Event::PluginRemoved(event) => plugin::remove(fleet, event),
        Event::PodRegistered(event) => register(fleet, recorded, event),
        Event::PodDrained(event) => set_draining(fleet, event.registration, true),
        Event::PodResumed(event) => set_draining(fleet, event.registration, false),
        Event::PodLost(event) => forget_pod(fleet, &event.pod, event.registration),
        Event::PodLeft(event) => forget_pod(fleet, &event.pod, event.registration),
        Event::ActionOrdered(event) => action::order(fleet, recorded.position, event),
        Event::ActionAnswered(event) => action::answer(fleet, event),
        Event::SessionClaimed(event) => claim(fleet, recorded, event),
        // For people; but only an owner has anything to say.
        Event::SessionLogged(event) => lease(fleet, &event.session, event.token).map(drop),
        Event::SessionStatusChanged(event) => set_status(fleet, event),
        Event::SessionMoveOrdered(event) => order_move(fleet, event),
        Event::SessionReleased(event) => {
            let vacated = event.handover.then_some(Vacated::HandedOver { at: recorded.position });
            end(fleet, &event.session, event.token, &event.holder(), vacated)
        }
        Event::LeaseConfirmed(event) => epoch::confirm(fleet, event),
        Event::EpochBegan(event) => {
            epoch::begin(fleet, recorded, event);
            Ok(())
        }
        Event::EpochSettled(_) => epoch::settle(fleet),
        Event::LeaseExpired(event) => {
            let vacated = Some(Vacated::Expired { at: recorded.position });
            end(fleet, &event.session, event.token, &event.holder(), vacated)
        }
        Event::MaintenanceBegan(event) => {
            fleet.maintained.extend(event.adapters.iter().cloned());
            Ok(())
        }
        Event::MaintenanceEnded(_) => {
            fleet.maintained.clear();
            Ok(())
        }
        // For those who count positions. Ownership never depends on a pulse.
        Event::PulsesDropped(_) => Ok(()),
        Event::LedgerSealed(event) => archive::seal(fleet, recorded.position, event),
        Event::LedgerUnsealed(event) => archive::unseal(fleet, event),
        Event::AccessTokenCreated(event) => {
            let token = AccessToken { name: event.name.clone(), role: event.role, pod: event.pod.clone(), hash: event.hash.clone() };
            let issued = IssuedToken { token, created_at: recorded.recorded_at, created_by: recorded.actor.clone() };
            absent(fleet.access_tokens.insert(event.access_token.clone(), issued), "access token", &event.access_token)
        }
        Event::AccessTokenRevoked(event) => {
            let removed = fleet.access_tokens.remove(&event.access_token);
            removed.map(drop).ok_or_else(|| format!("there is no access token {}", event.access_token))
        }
    }
}

fn absent<T>(before: Option<T>, what: &str, name: &impl std::fmt::Display) -> Result<(), String> {
    before.map_or(Ok(()), |_| Err(format!("{what} {name} exists already")))
}

fn register(fleet: &mut Fleet, recorded: &Recorded, event: &PodRegistered) -> Result<(), String> {
    if event.registration.0 != fleet.last_registration.0 + 1 {
        return Err(format!("registration {} follows {}", event.registration, fleet.last_registration));
    }
    fleet.last_registration = event.registration;
    let mut former = imbl::Vector::new();
    if let Some(before) = fleet.pods.insert(event.pod.clone(), event.registration) {
        former = supersede(fleet, before, &event.incarnation)?;
    }
    let registration = Registration {
        holder: Holder { pod: event.pod.clone(), incarnation: event.incarnation.clone() },
        state: RegistrationState::Ready,
        capacity: event.capacity,
        labels: event.labels.clone(),
        connectors: event.connectors.clone(),
        platform: event.platform.clone(),
        access_token: event.access_token.clone(),
        registered_at: recorded.recorded_at,
        leases: OrdSet::new(),
        used: 0,
        reserved: 0,
        former,
    };
    absent(fleet.registrations.insert(event.registration, registration), "registration", &event.registration)
}

/// The old incarnation of a name loses its renewals; its leases last until they expire, because its process may still live.
fn supersede(fleet: &mut Fleet, before: RegistrationId, by: &Incarnation) -> Result<imbl::Vector<Incarnation>, String> {
    let old = registration(fleet, before)?;
    if old.holder.incarnation == *by {
        return Err(format!("{} is registered already", old.holder));
    }
    let mut former = std::mem::take(&mut old.former);
    former.push_back(old.holder.incarnation.clone());
    while former.len() > FORMER_KEPT {
        former.pop_front();
    }
    old.state = RegistrationState::Superseded;
    fleet.draining.remove(&before);
    forget_if_over(fleet, before);
    Ok(former)
}

fn set_draining(fleet: &mut Fleet, id: RegistrationId, draining: bool) -> Result<(), String> {
    let (ready, drained) = (RegistrationState::Ready, RegistrationState::Draining);
    let (from, to) = if draining { (ready, drained) } else { (drained, ready) };
    let registration = registration(fleet, id)?;
    if registration.state != from {
        return Err(format!("{} is {:?}", registration.holder, registration.state));
    }
    registration.state = to;
    if draining {
        fleet.draining.insert(id)
    } else {
        fleet.draining.remove(&id)
    };
    Ok(())
}

fn forget_pod(fleet: &mut Fleet, pod: &PodName, id: RegistrationId) -> Result<(), String> {
    if fleet.pods.get(pod) != Some(&id) {
        return Err(format!("registration {id} is not the current one of {pod}"));
    }
    if !registration(fleet, id)?.leases.is_empty() {
        return Err(format!("{pod} still holds leases"));
    }
    fleet.pods.remove(pod);
    fleet.draining.remove(&id);
    fleet.registrations.remove(&id);
    Ok(())
}

fn claim(fleet: &mut Fleet, recorded: &Recorded, event: &SessionClaimed) -> Result<(), String> {
    let token = FencingToken::new(recorded.epoch, recorded.position).map_err(|e| e.to_string())?;
    if !fleet.wants(&event.session) {
        return Err(format!("{} is not to run", event.session));
    }
    let adapter = fleet.adapters.get(&event.session.adapter).ok_or_else(|| format!("there is no adapter {}", event.session.adapter))?;
    let spec = Arc::clone(&adapter.spec);
    let holder = event.holder();
    let registration = registration(fleet, event.registration)?;
    if registration.holder != holder {
        return Err(format!("registration {} is {}, not {holder}", event.registration, registration.holder));
    }
    registration.leases.insert(event.session.clone());
    registration.used = registration.used.saturating_add(event.units);
    let session = fleet.sessions.get_mut(&event.session).ok_or_else(|| format!("there is no session {}", event.session))?;
    if let Some(lease) = &session.lease {
        return Err(format!("{} owns {} already", lease.holder, event.session));
    }
    if session.last_token.is_some_and(|last| last >= token) {
        return Err(format!("the token of {} does not grow", event.session));
    }
    *session = Session {
        lease: Some(Lease {
            holder,
            registration: event.registration,
            token,
            ttl: event.ttl_ms,
            revision: event.revision,
            spec,
            units: event.units,
            since: recorded.recorded_at,
            status: OperationalStatus::Claiming,
            reason: None,
            moving_to: None,
            actions: OrdMap::new(),
            confirmed: true,
        }),
        preferred: Some(event.pod.clone()),
        last_token: Some(token),
        vacated: None,
    };
    count_ttl(fleet, event.ttl_ms, true);
    list_vacancy(fleet, &event.session);
    Ok(())
}

fn set_status(fleet: &mut Fleet, event: &SessionStatusChanged) -> Result<(), String> {
    let lease = lease(fleet, &event.session, event.token)?;
    lease.status = event.status;
    lease.reason.clone_from(&event.reason);
    Ok(())
}

fn order_move(fleet: &mut Fleet, event: &SessionMoveOrdered) -> Result<(), String> {
    let lease = lease(fleet, &event.session, event.token)?;
    if lease.moving_to.is_some() {
        return Err(format!("{} is being moved already", event.session));
    }
    lease.moving_to = Some(MoveTarget { pod: event.to.clone(), registration: event.to_registration });
    if let (units, Some(target)) = (lease.units, lease.reserves()) {
        reserve(fleet, target, |reserved| reserved.saturating_add(units));
    }
    Ok(())
}

fn end(fleet: &mut Fleet, session: &SessionId, token: FencingToken, holder: &Holder, vacated: Option<Vacated>) -> Result<(), String> {
    let lease = lease(fleet, session, token)?.clone();
    if lease.holder != *holder {
        return Err(format!("{} holds the lease, not {holder}", lease.holder));
    }
    if let Some(entry) = fleet.sessions.get_mut(session) {
        entry.lease = None;
        entry.vacated = vacated;
        if let Some(to) = &lease.moving_to {
            entry.preferred = Some(to.pod.clone());
        }
    }
    if let Some(target) = lease.reserves() {
        reserve(fleet, target, |reserved| reserved.saturating_sub(lease.units));
    }
    let registration = registration(fleet, lease.registration)?;
    registration.leases.remove(session);
    registration.used = registration.used.saturating_sub(lease.units);
    forget_if_over(fleet, lease.registration);
    count_ttl(fleet, lease.ttl, false);
    list_vacancy(fleet, session);
    Ok(())
}

fn registration(fleet: &mut Fleet, id: RegistrationId) -> Result<&mut Registration, String> {
    fleet.registrations.get_mut(&id).ok_or_else(|| format!("there is no registration {id}"))
}

fn lease<'a>(fleet: &'a mut Fleet, session: &SessionId, token: FencingToken) -> Result<&'a mut Lease, String> {
    let held = fleet.sessions.get_mut(session).and_then(|session| session.lease.as_mut());
    held.filter(|lease| lease.token == token).ok_or_else(|| format!("nobody owns {session} under token {token}"))
}

fn reserve(fleet: &mut Fleet, target: RegistrationId, change: impl FnOnce(u32) -> u32) {
    if let Some(registration) = fleet.registrations.get_mut(&target) {
        registration.reserved = change(registration.reserved);
    }
}

/// A superseded registration is remembered for as long as it holds leases.
fn forget_if_over(fleet: &mut Fleet, id: RegistrationId) {
    let over = |r: &Registration| r.state == RegistrationState::Superseded && r.leases.is_empty();
    if fleet.registrations.get(&id).is_some_and(over) {
        fleet.registrations.remove(&id);
    }
}

/// Gives an adapter the sessions 0 to `replicas - 1`. Surplus ones stay, dormant: their tokens must go on growing if they return.
fn fit_sessions(fleet: &mut Fleet, name: &AdapterName, replicas: u16) {
    for ordinal in 0..replicas {
        let id = SessionId::new(name.clone(), ordinal);
        if !fleet.sessions.contains_key(&id) {
            fleet.sessions.insert(id.clone(), Session::default());
        }
        list_vacancy(fleet, &id);
    }
}

fn list_vacancy(fleet: &mut Fleet, session: &SessionId) {
    let Some(adapter) = fleet.adapters.get(&session.adapter) else { return };
    let vacancy = (Reverse(adapter.spec.priority), session.clone());
    let vacant = fleet.wants(session) && fleet.sessions.get(session).is_some_and(|session| session.lease.is_none());
    if vacant {
        fleet.vacant.insert(vacancy)
    } else {
        fleet.vacant.remove(&vacancy)
    };
}

fn unlist_vacancies(fleet: &mut Fleet, name: &AdapterName, spec: &AdapterSpec) {
    for ordinal in 0..spec.replicas {
        fleet.vacant.remove(&(Reverse(spec.priority), SessionId::new(name.clone(), ordinal)));
    }
}

fn count_ttl(fleet: &mut Fleet, ttl: LeaseTtl, more: bool) {
    let count = fleet.ttls.get(&ttl).copied().unwrap_or(0);
    let count = if more { count + 1 } else { count.saturating_sub(1) };
    if count == 0 {
        fleet.ttls.remove(&ttl)
    } else {
        fleet.ttls.insert(ttl, count)
    };
}
