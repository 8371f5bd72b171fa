//! What the configuration and the administrative state of an adapter change.

use std::sync::Arc;

use super::{absent, count_ttl, fit_sessions, list_vacancy, unlist_vacancies};
use crate::domain::event::{AdapterDeclared, AdapterDeleted, AdapterRevised, Recorded};
use crate::domain::fleet::{Adapter, Fleet};
use crate::domain::name::{AdapterName, SessionId};

pub(super) fn declare(fleet: &mut Fleet, recorded: &Recorded, event: &AdapterDeclared) -> Result<(), String> {
    let adapter = Adapter {
        spec: Arc::new(event.spec.clone()),
        revision: event.revision,
        enabled: false,
        state_reason: None,
        changed_at: recorded.recorded_at,
    };
    absent(fleet.adapters.insert(event.adapter.clone(), adapter), "adapter", &event.adapter)?;
    count_ttl(fleet, event.spec.lease_ttl_ms, true);
    fit_sessions(fleet, &event.adapter, event.spec.replicas);
    Ok(())
}

pub(super) fn revise(fleet: &mut Fleet, recorded: &Recorded, event: &AdapterRevised) -> Result<(), String> {
    let before = adapter(fleet, &event.adapter)?.clone();
    if event.revision != before.revision + 1 {
        return Err(format!("revision {} follows {}", event.revision, before.revision));
    }
    unlist_vacancies(fleet, &event.adapter, &before.spec);
    count_ttl(fleet, before.spec.lease_ttl_ms, false);
    count_ttl(fleet, event.spec.lease_ttl_ms, true);
    let after = Adapter { spec: Arc::new(event.spec.clone()), revision: event.revision, changed_at: recorded.recorded_at, ..before };
    fleet.adapters.insert(event.adapter.clone(), after);
    fit_sessions(fleet, &event.adapter, event.spec.replicas);
    Ok(())
}

pub(super) fn delete(fleet: &mut Fleet, event: &AdapterDeleted) -> Result<(), String> {
    let removed = adapter(fleet, &event.adapter)?.clone();
    if fleet.sessions_of(&event.adapter).any(|(_, session)| session.lease.is_some()) {
        return Err(format!("sessions of {} are still owned", event.adapter));
    }
    unlist_vacancies(fleet, &event.adapter, &removed.spec);
    count_ttl(fleet, removed.spec.lease_ttl_ms, false);
    let sessions: Vec<SessionId> = fleet.all_sessions_of(&event.adapter).map(|(id, _)| id.clone()).collect();
    for id in sessions {
        fleet.sessions.remove(&id);
    }
    fleet.adapters.remove(&event.adapter);
    fleet.maintained.remove(&event.adapter);
    Ok(())
}

pub(super) fn set_enabled(
    fleet: &mut Fleet,
    recorded: &Recorded,
    name: &AdapterName,
    enabled: bool,
    reason: Option<&String>,
) -> Result<(), String> {
    let mut adapter = adapter(fleet, name)?.clone();
    if adapter.enabled == enabled {
        return Err(format!("{name} is in that state already"));
    }
    adapter.enabled = enabled;
    adapter.state_reason = reason.cloned();
    adapter.changed_at = recorded.recorded_at;
    if enabled {
        // Whoever brings it back before the maintenance ends has done so for good.
        fleet.maintained.remove(name);
    }
    fleet.adapters.insert(name.clone(), adapter);
    let sessions: Vec<SessionId> = fleet.all_sessions_of(name).map(|(id, _)| id.clone()).collect();
    for id in sessions {
        if let Some(session) = fleet.sessions.get_mut(&id) {
            session.vacated = None;
        }
        list_vacancy(fleet, &id);
    }
    Ok(())
}

fn adapter<'a>(fleet: &'a Fleet, name: &AdapterName) -> Result<&'a Adapter, String> {
    fleet.adapters.get(name).ok_or_else(|| format!("there is no adapter {name}"))
}
