//! The fleet: the fold of the ledger up to a position, and the questions that can be asked of it.
//!
//! Built from persistent maps, so a snapshot for readers and a draft for a decision cost nothing to take. Changed by
//! [`super::evolve`] alone.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use imbl::{OrdMap, OrdSet, Vector};

use super::action::OpenAction;
use super::adapter::{AdapterSpec, Labels, LeaseTtl};
use super::archive::Archive;
use super::artifact::Artifact;
use super::identity::{AccessToken, AccessTokenId};
use super::name::{AdapterName, ArtifactName, ConnectorName, Holder, Incarnation, PluginName, PodName, RegistrationId, SessionId};
use super::plugin::Plugin;
use super::status::OperationalStatus;
use super::token::{Epoch, FencingToken, Position};

#[derive(Debug, Clone, PartialEq)]
pub struct Adapter {
    pub spec: Arc<AdapterSpec>,
    pub revision: u32,
    pub enabled: bool,
    /// The reason that was given with the last change of the administrative state.
    pub state_reason: Option<String>,
    pub changed_at: DateTime<Utc>,
}

/// How the last ownership of a vacant session ended, which decides what its next claim is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Vacated {
    Expired { at: Position },
    HandedOver { at: Position },
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Session {
    pub lease: Option<Lease>,
    /// Where the next claim should go if it can: the target of a move, else the last owner.
    pub preferred: Option<PodName>,
    pub last_token: Option<FencingToken>,
    pub vacated: Option<Vacated>,
}

/// A lease as the log gives it: who, under which token, for which timeout.
#[derive(Debug, Clone, PartialEq)]
pub struct Lease {
    pub holder: Holder,
    pub registration: RegistrationId,
    pub token: FencingToken,
    pub ttl: LeaseTtl,
    pub revision: u32,
    /// The configuration that it was claimed with. A later revision waits for the next claim.
    pub spec: Arc<AdapterSpec>,
    pub units: u32,
    pub since: DateTime<Utc>,
    pub status: OperationalStatus,
    pub reason: Option<String>,
    pub moving_to: Option<MoveTarget>,
    /// What was ordered of this ownership and is not answered for good, by the position of the order.
    pub actions: OrdMap<Position, OpenAction>,
    /// False for a lease of an earlier epoch until its owner says that it trusts it still.
    pub confirmed: bool,
}

impl Lease {
    /// Whether it is to be handed over to its own pod.
    #[must_use]
    pub fn restarts(&self) -> bool {
        self.moving_to.as_ref().is_some_and(|to| to.registration == self.registration)
    }

    /// The pod that keeps room for the session until it has moved there. A restart needs none: its own room is kept by its lease.
    #[must_use]
    pub fn reserves(&self) -> Option<RegistrationId> {
        self.moving_to.as_ref().map(|to| to.registration).filter(|to| *to != self.registration)
    }
}

/// Where an owner is to hand its session over to, and the start of that pod that keeps room for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveTarget {
    pub pod: PodName,
    pub registration: RegistrationId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationState {
    Ready,
    /// Hands over what it has and gets nothing new.
    Draining,
    /// Another incarnation has its name. Not renewed any more, but its leases last until they expire.
    Superseded,
}

/// One start of one pod, as long as it may hold leases.
#[derive(Debug, Clone, PartialEq)]
pub struct Registration {
    pub holder: Holder,
    pub state: RegistrationState,
    pub capacity: u32,
    pub labels: Labels,
    pub connectors: Vec<ConnectorName>,
    pub platform: Option<String>,
    pub access_token: AccessTokenId,
    pub registered_at: DateTime<Utc>,
    pub leases: OrdSet<SessionId>,
    /// Units of capacity that its leases take.
    pub used: u32,
    /// Units of capacity kept for sessions that are being moved to it.
    pub reserved: u32,
    /// Incarnations of this pod name that were superseded: they may not come back by a delayed request.
    pub former: Vector<Incarnation>,
}

impl Registration {
    #[must_use]
    pub fn load(&self) -> u32 {
        self.used.saturating_add(self.reserved)
    }
}

/// An access token with the event that made it.
#[derive(Debug, Clone, PartialEq)]
pub struct IssuedToken {
    pub token: AccessToken,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
}

/// The beginning of an epoch, while leases of earlier ones may still be trusted by pods that the log does not know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settling {
    pub began: Position,
    /// The longest timeout of a lease that the log has forgotten, as far as anybody knows; zero if nobody knows of any.
    pub wait: Duration,
}

/// A session that should run and has no owner. Ordered by who is served first.
pub type Vacancy = (Reverse<i32>, SessionId);

/// The fold of the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Fleet {
    pub(super) epoch: Epoch,
    /// Nothing once the epoch has settled.
    pub(super) settling: Option<Settling>,
    pub(super) ledger_position: Position,
    /// When the last ledger event was recorded, by the database's clock.
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) adapters: OrdMap<AdapterName, Adapter>,
    pub(super) sessions: OrdMap<SessionId, Session>,
    /// The current registration of each pod name.
    pub(super) pods: OrdMap<PodName, RegistrationId>,
    pub(super) registrations: OrdMap<RegistrationId, Registration>,
    pub(super) last_registration: RegistrationId,
    pub(super) access_tokens: OrdMap<AccessTokenId, IssuedToken>,
    /// With those that were deleted.
    pub(super) artifacts: OrdMap<ArtifactName, Artifact>,
    pub(super) plugins: OrdMap<PluginName, Plugin>,
    /// Adapters that a maintenance took down and its end will bring back.
    pub(super) maintained: OrdSet<AdapterName>,
    /// Where old ledger events are, by the first position of each file.
    pub(super) archives: OrdMap<Position, Archive>,
    // Indexes: worked out from the rest, kept so that a decision costs what it changes.
    pub(super) vacant: OrdSet<Vacancy>,
    pub(super) draining: OrdSet<RegistrationId>,
    /// How many adapters and leases use each timeout.
    pub(super) ttls: OrdMap<LeaseTtl, usize>,
}

impl Fleet {
    /// The fold of no events.
    #[must_use]
    pub fn new(epoch: Epoch) -> Self {
        Self {
            epoch,
            settling: None,
            ledger_position: 0,
            recorded_at: DateTime::UNIX_EPOCH,
            adapters: OrdMap::new(),
            sessions: OrdMap::new(),
            pods: OrdMap::new(),
            registrations: OrdMap::new(),
            last_registration: RegistrationId(0),
            access_tokens: OrdMap::new(),
            artifacts: OrdMap::new(),
            plugins: OrdMap::new(),
            maintained: OrdSet::new(),
            archives: OrdMap::new(),
            vacant: OrdSet::new(),
            draining: OrdSet::new(),
            ttls: OrdMap::new(),
        }
    }

    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Since when leases of earlier epochs wait to be confirmed or to end, if they do.
    #[must_use]
    pub fn settling(&self) -> Option<Settling> {
        self.settling
    }

    /// The position of the last ledger event that was folded; 0 for none.
    #[must_use]
    pub fn ledger_position(&self) -> Position {
        self.ledger_position
    }

    #[must_use]
    pub fn recorded_at(&self) -> DateTime<Utc> {
        self.recorded_at
    }

    #[must_use]
    pub fn adapter(&self, name: &AdapterName) -> Option<&Adapter> {
        self.adapters.get(name)
    }

    pub fn adapters(&self) -> impl Iterator<Item = (&AdapterName, &Adapter)> {
        self.adapters.iter()
    }

    /// A session that its adapter has, or that somebody still owns. The dormant ones of adapters that had more replicas once
    /// are not shown.
    #[must_use]
    pub fn session(&self, id: &SessionId) -> Option<&Session> {
        self.sessions.get(id).filter(|session| self.shows(id, session))
    }

    pub fn sessions(&self) -> impl Iterator<Item = (&SessionId, &Session)> {
        self.sessions.iter().filter(|(id, session)| self.shows(id, session))
    }

    pub fn sessions_of(&self, adapter: &AdapterName) -> impl Iterator<Item = (&SessionId, &Session)> + use<'_> {
        self.all_sessions_of(adapter).filter(|(id, session)| self.shows(id, session))
    }

    pub(super) fn all_sessions_of(&self, adapter: &AdapterName) -> impl Iterator<Item = (&SessionId, &Session)> + use<'_> {
        let range = SessionId::new(adapter.clone(), 0)..=SessionId::new(adapter.clone(), u16::MAX);
        self.sessions.range(range)
    }

    fn shows(&self, id: &SessionId, session: &Session) -> bool {
        session.lease.is_some() || self.adapters.get(&id.adapter).is_some_and(|adapter| id.ordinal < adapter.spec.replicas)
    }

    #[must_use]
    pub fn registration(&self, id: RegistrationId) -> Option<&Registration> {
        self.registrations.get(&id)
    }

    /// Every registration that is current or still holds leases.
    pub fn registrations(&self) -> impl Iterator<Item = (RegistrationId, &Registration)> {
        self.registrations.iter().map(|(id, registration)| (*id, registration))
    }

    /// The current registration of a pod name.
    #[must_use]
    pub fn pod(&self, name: &PodName) -> Option<(RegistrationId, &Registration)> {
        let id = *self.pods.get(name)?;
        Some((id, self.registrations.get(&id)?))
    }

    /// The current registrations, by pod name.
    pub fn pods(&self) -> impl Iterator<Item = (RegistrationId, &Registration)> {
        self.pods.values().filter_map(|id| Some((*id, self.registrations.get(id)?)))
    }

    /// The registration of this very incarnation, current or superseded, as long as the fleet remembers it.
    #[must_use]
    pub fn registration_of(&self, holder: &Holder) -> Option<(RegistrationId, &Registration)> {
        match self.pod(&holder.pod) {
            Some((id, registration)) if registration.holder == *holder => Some((id, registration)),
            _ => self.registrations().find(|(_, registration)| registration.holder == *holder),
        }
    }

    /// All leases.
    pub fn leases(&self) -> impl Iterator<Item = (&SessionId, &Lease)> {
        self.sessions.iter().filter_map(|(id, session)| Some((id, session.lease.as_ref()?)))
    }

    /// The leases of a registration.
    pub fn leases_of(&self, id: RegistrationId) -> impl Iterator<Item = (&SessionId, &Lease)> {
        let held = self.registrations.get(&id).map(|registration| registration.leases.iter()).into_iter().flatten();
        held.filter_map(|session| Some((session, self.sessions.get(session)?.lease.as_ref()?)))
    }

    #[must_use]
    pub fn access_token(&self, id: &AccessTokenId) -> Option<&IssuedToken> {
        self.access_tokens.get(id)
    }

    pub fn access_tokens(&self) -> impl Iterator<Item = (&AccessTokenId, &IssuedToken)> {
        self.access_tokens.iter()
    }

    /// Adapters that a maintenance took down and its end will bring back.
    pub fn maintained(&self) -> impl Iterator<Item = &AdapterName> {
        self.maintained.iter()
    }

    /// Where old ledger events are, in order.
    pub fn archives(&self) -> impl Iterator<Item = &Archive> {
        self.archives.values()
    }

    /// The last position that is in an archive and not in the table; 0 if nothing is sealed.
    #[must_use]
    pub fn sealed_to(&self) -> Position {
        self.archives.get_max().map_or(0, |(_, archive)| archive.last)
    }

    /// The archive that holds a position.
    #[must_use]
    pub fn archive_of(&self, position: Position) -> Option<&Archive> {
        let (_, archive) = self.archives.get_prev(&position)?;
        (position <= archive.last).then_some(archive)
    }

    /// Sessions that should run and have no owner, first served first.
    pub fn vacancies(&self) -> impl Iterator<Item = &SessionId> {
        self.vacant.iter().map(|(_, session)| session)
    }

    /// Registrations that hand over what they have.
    pub fn draining(&self) -> impl Iterator<Item = RegistrationId> {
        self.draining.iter().copied()
    }

    #[must_use]
    pub fn last_registration(&self) -> RegistrationId {
        self.last_registration
    }

    /// Whether the session is one that its adapter wants to run.
    #[must_use]
    pub fn wants(&self, session: &SessionId) -> bool {
        self.adapters.get(&session.adapter).is_some_and(|adapter| adapter.enabled && session.ordinal < adapter.spec.replicas)
    }

    /// Why the owner of a session is to close it, if it is.
    #[must_use]
    pub fn stop_reason(&self, session: &SessionId, lease: &Lease) -> Option<String> {
        match self.adapters.get(&session.adapter) {
            Some(adapter) if !adapter.enabled => Some("the adapter is disabled".into()),
            Some(adapter) if session.ordinal >= adapter.spec.replicas => Some("the adapter has fewer replicas now".into()),
            Some(_) if lease.restarts() => Some("it restarts".into()),
            Some(_) => lease.moving_to.as_ref().map(|to| format!("it moves to {}", to.pod)),
            None => Some("the adapter was deleted".into()),
        }
    }

    /// Whether a session runs with a configuration that its adapter has changed since, in what a restart would bring.
    #[must_use]
    pub fn awaits_restart(&self, session: &SessionId, lease: &Lease) -> bool {
        self.adapters
            .get(&session.adapter)
            .is_some_and(|adapter| adapter.revision != lease.revision && lease.spec.runs_otherwise(&adapter.spec))
    }

    /// The shortest lease timeout in use, by which heartbeats are paced.
    #[must_use]
    pub fn shortest_ttl(&self) -> LeaseTtl {
        self.ttls.get_min().map_or(LeaseTtl::DEFAULT, |(ttl, _)| *ttl)
    }

    /// The longest lease timeout in use; nothing if none is.
    #[must_use]
    pub fn longest_ttl(&self) -> Option<LeaseTtl> {
        self.ttls.get_max().map(|(ttl, _)| *ttl)
    }
}
