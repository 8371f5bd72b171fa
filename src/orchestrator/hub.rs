//! Wakes the streams of pods whose leases have changed. A wake-up carries nothing: the stream reads the newest snapshot and
//! says what differs from what it said last (design 11).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use crate::domain::event::Event;
use crate::domain::fleet::Fleet;
use crate::domain::name::{AdapterName, RegistrationId};

#[derive(Debug, Default)]
pub struct Hub {
    bells: Mutex<HashMap<RegistrationId, watch::Sender<()>>>,
}

impl Hub {
    /// A bell that rings when the leases of this registration may have changed.
    pub fn subscribe(&self, registration: RegistrationId) -> watch::Receiver<()> {
        let mut bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        bells.entry(registration).or_insert_with(|| watch::Sender::new(())).subscribe()
    }

    /// Rings for every registration that is named. Bells that nobody hears any more are taken down.
    pub fn ring(&self, touched: impl IntoIterator<Item = RegistrationId>) {
        let mut bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        for registration in touched {
            if bells.get(&registration).is_some_and(|bell| bell.send(()).is_err()) {
                bells.remove(&registration);
            }
        }
    }

    /// Rings for everybody.
    pub fn ring_all(&self) {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, bell| bell.send(()).is_ok());
    }

    #[must_use]
    pub fn streams(&self) -> usize {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner).values().map(watch::Sender::receiver_count).sum()
    }
}

/// The registrations whose leases an event changes, asked of the fleet before it was folded.
#[must_use]
pub fn touched(before: &Fleet, event: &Event) -> Vec<RegistrationId> {
    let owner = |session| before.session(session).and_then(|session| session.lease.as_ref()).map(|lease| lease.registration);
    match event {
        Event::SessionClaimed(event) => vec![event.registration],
        Event::SessionReleased(event) => owner(&event.session).into_iter().collect(),
        Event::LeaseExpired(event) => owner(&event.session).into_iter().collect(),
        Event::SessionMoveOrdered(event) => owner(&event.session).into_iter().collect(),
        Event::ActionOrdered(event) => owner(&event.session).into_iter().collect(),
        Event::AdapterEnabled(event) => owners(before, &event.adapter),
        Event::AdapterDisabled(event) => owners(before, &event.adapter),
        Event::AdapterRevised(event) => owners(before, &event.adapter),
        Event::PodRegistered(event) => before.pod(&event.pod).map(|(id, _)| id).into_iter().collect(),
        Event::PodLost(event) => vec![event.registration],
        Event::PodLeft(event) => vec![event.registration],
        // Their streams end, and they are to know why.
        Event::AccessTokenRevoked(event) => {
            let registered = before.registrations().filter(|(_, registration)| registration.access_token == event.access_token);
            registered.map(|(id, _)| id).collect()
        }
        Event::SessionStatusChanged(_)
        | Event::SessionLogged(_)
        | Event::ActionAnswered(_)
        // Pods hear of an epoch by their next heartbeat, and a confirmed lease is what its owner believes already.
        | Event::EpochBegan(_)
        | Event::EpochSettled(_)
        // The adapters' own events follow.
        | Event::MaintenanceBegan(_)
        | Event::MaintenanceEnded(_)
        | Event::LeaseConfirmed(_)
        | Event::AdapterDeclared(_)
        | Event::AdapterDeleted(_)
        | Event::PodDrained(_)
        | Event::PodResumed(_)
        | Event::PulsesDropped(_)
        | Event::LedgerSealed(_)
        | Event::LedgerUnsealed(_)
        // Running sessions keep what they began with.
        | Event::ArtifactStored(_)
        | Event::ArtifactDeleted(_)
        | Event::PluginInstalled(_)
        | Event::PluginRemoved(_)
        | Event::AccessTokenCreated(_) => Vec::new(),
    }
}

fn owners(fleet: &Fleet, adapter: &AdapterName) -> Vec<RegistrationId> {
    fleet.sessions_of(adapter).filter_map(|(_, session)| Some(session.lease.as_ref()?.registration)).collect()
}
