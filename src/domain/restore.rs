//! The fleet from what the projections say, without folding the whole log. The indexes are worked out here, so that a stored
//! state cannot contradict them; a test holds the result against the fold (I6).

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use super::adapter::LeaseTtl;
use super::archive::Archive;
use super::artifact::StoredVersion;
use super::fleet::{Adapter, Fleet, IssuedToken, Registration, RegistrationState, Session, Settling};
use super::identity::AccessTokenId;
use super::name::{AdapterName, ArtifactName, PluginName, RegistrationId, SessionId};
use super::plugin::InstalledVersion;
use super::token::{Epoch, Position};

/// The stored parts of a fleet.
#[derive(Debug, Default)]
pub struct Parts {
    pub adapters: Vec<(AdapterName, Adapter)>,
    pub sessions: Vec<(SessionId, Session)>,
    /// With `leases`, `used` and `reserved` empty.
    pub registrations: Vec<(RegistrationId, Registration)>,
    pub last_registration: i32,
    pub access_tokens: Vec<(AccessTokenId, IssuedToken)>,
    /// In order of their numbers. Those that were deleted come as the number alone.
    pub artifacts: Vec<(ArtifactName, (u32, Option<StoredVersion>))>,
    /// In the order of their installation.
    pub plugins: Vec<(PluginName, InstalledVersion)>,
    pub archives: Vec<Archive>,
    pub settling: Option<Settling>,
    pub maintained: Vec<AdapterName>,
}

impl Fleet {
    #[must_use]
    pub fn restore(epoch: Epoch, ledger_position: Position, recorded_at: DateTime<Utc>, parts: Parts) -> Self {
        let mut fleet = Self::new(epoch);
        fleet.ledger_position = ledger_position;
        fleet.recorded_at = recorded_at;
        fleet.adapters = parts.adapters.into_iter().collect();
        fleet.sessions = parts.sessions.into_iter().collect();
        fleet.registrations = parts.registrations.into_iter().collect();
        fleet.last_registration = RegistrationId(parts.last_registration);
        fleet.access_tokens = parts.access_tokens.into_iter().collect();
        for (name, (number, stored)) in parts.artifacts {
            let artifact = fleet.artifacts.entry(name).or_default();
            artifact.last_version = number;
            artifact.versions.extend(stored);
        }
        for (name, installed) in parts.plugins {
            fleet.plugins.entry(name).or_default().versions.push_back(installed);
        }
        fleet.archives = parts.archives.into_iter().map(|archive| (archive.first, archive)).collect();
        fleet.settling = parts.settling;
        fleet.maintained = parts.maintained.into_iter().collect();
        fleet.index();
        fleet
    }

    fn index(&mut self) {
        for (id, registration) in &self.registrations {
            if registration.state != RegistrationState::Superseded {
                self.pods.insert(registration.holder.pod.clone(), *id);
            }
            if registration.state == RegistrationState::Draining {
                self.draining.insert(*id);
            }
        }
        let ttls: Vec<LeaseTtl> = self.adapters.values().map(|adapter| adapter.spec.lease_ttl_ms).collect();
        for ttl in ttls {
            *self.ttls.entry(ttl).or_insert(0) += 1;
        }
        let sessions: Vec<SessionId> = self.sessions.keys().cloned().collect();
        for id in sessions {
            self.index_session(&id);
        }
    }

    fn index_session(&mut self, id: &SessionId) {
        let lease = self.sessions.get(id).and_then(|session| session.lease.clone());
        match lease {
            Some(lease) => {
                *self.ttls.entry(lease.ttl).or_insert(0) += 1;
                if let Some(registration) = self.registrations.get_mut(&lease.registration) {
                    registration.leases.insert(id.clone());
                    registration.used = registration.used.saturating_add(lease.units);
                }
                if let Some(target) = lease.reserves().and_then(|target| self.registrations.get_mut(&target)) {
                    target.reserved = target.reserved.saturating_add(lease.units);
                }
            }
            None if self.wants(id) => {
                if let Some(adapter) = self.adapters.get(&id.adapter) {
                    self.vacant.insert((Reverse(adapter.spec.priority), id.clone()));
                }
            }
            None => {}
        }
    }
}
