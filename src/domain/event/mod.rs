//! What happened: the ledger events, one struct each, and the envelope that the log puts round them.
//!
//! Every type and field here is stored for ever. To change one, raise its version and add an upcast
//! ([`crate::domain::upcast`]); never edit in place.

mod action;
mod adapter;
mod archive;
mod artifact;
mod epoch;
mod maintenance;
mod plugin;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::action::{ActionAnswered, ActionOrdered};
pub use self::adapter::{AdapterDeclared, AdapterDeleted, AdapterDisabled, AdapterEnabled, AdapterRevised};
pub use self::archive::{LedgerSealed, LedgerUnsealed};
pub use self::artifact::{ArtifactDeleted, ArtifactStored};
pub use self::epoch::{EpochBegan, EpochCause, EpochSettled, LeaseConfirmed};
pub use self::maintenance::{MaintenanceBegan, MaintenanceEnded};
pub use self::plugin::{PluginInstalled, PluginRemoved};
use crate::domain::adapter::{Labels, LeaseTtl};
use crate::domain::entry::{Category, Level};
use crate::domain::identity::{AccessTokenId, Role, TokenHash};
use crate::domain::name::{ConnectorName, Holder, Incarnation, PodName, RegistrationId, SessionId};
use crate::domain::status::OperationalStatus;
use crate::domain::token::{Epoch, FencingToken, Position};
use crate::domain::upcast::{UPCASTS, upcast};

/// A pod's standing claim for whatever it may run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PodRegistered {
    pub pod: PodName,
    pub incarnation: Incarnation,
    pub registration: RegistrationId,
    pub capacity: u32,
    pub labels: Labels,
    pub connectors: Vec<ConnectorName>,
    /// System and processor, by which programs of plugins are chosen. Nothing of pods that run none.
    pub platform: Option<String>,
    /// The access token that spoke for it; no other may from now on (I9).
    pub access_token: AccessTokenId,
}

/// An order to hand over all sessions of a pod and give it no new ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PodDrained {
    pub pod: PodName,
    pub registration: RegistrationId,
    pub reason: Option<String>,
}

/// The end of a drain: the pod may be given sessions again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PodResumed {
    pub pod: PodName,
    pub registration: RegistrationId,
}

/// A pod that was silent for so long that it gets no new sessions until it registers again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PodLost {
    pub pod: PodName,
    pub incarnation: Incarnation,
    pub registration: RegistrationId,
    pub silence_ms: u64,
}

/// A pod that ended in order, with nothing left to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PodLeft {
    pub pod: PodName,
    pub incarnation: Incarnation,
    pub registration: RegistrationId,
}

/// Why a session was given to a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    /// The session had no owner, and this pod's standing claim was the best.
    Placement,
    /// The pod asked for it by name.
    Request,
    /// The lease of the owner before expired.
    Takeover,
    /// The owner before closed it in order.
    Handover,
}

/// The start of an ownership. Its fencing token is `epoch << 40 | position` of this very event, so it is not in the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionClaimed {
    pub session: SessionId,
    pub pod: PodName,
    pub incarnation: Incarnation,
    pub registration: RegistrationId,
    pub kind: ClaimKind,
    /// Fixed for the whole lease: a shorter timeout in a later revision must not outrun what the pod was promised.
    pub ttl_ms: LeaseTtl,
    pub revision: u32,
    /// Units of the pod's capacity that it takes, fixed like the timeout.
    pub units: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionStatusChanged {
    pub session: SessionId,
    pub token: FencingToken,
    pub status: OperationalStatus,
    pub reason: Option<String>,
}

/// What a connector had to say of its session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionLogged {
    pub session: SessionId,
    pub token: FencingToken,
    pub level: Level,
    pub category: Category,
    pub message: String,
}

/// An order to the owner to close a session so that another pod can start it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionMoveOrdered {
    pub session: SessionId,
    pub token: FencingToken,
    pub to: PodName,
    /// The start of that pod which keeps room for it.
    pub to_registration: RegistrationId,
}

/// The orderly end of an ownership: the owner closed the session and said so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionReleased {
    pub session: SessionId,
    pub token: FencingToken,
    pub pod: PodName,
    pub incarnation: Incarnation,
    /// Whether it is to run on elsewhere: the next claim is then a handover.
    pub handover: bool,
}

/// The end of an ownership by silence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeaseExpired {
    pub session: SessionId,
    pub token: FencingToken,
    pub pod: PodName,
    pub incarnation: Incarnation,
    /// How long the orchestrator that wrote this had itself heard nothing of the pod.
    pub silence_ms: u64,
    pub ttl_ms: LeaseTtl,
    /// `silence_ms` less the longest that the pod may have trusted its lease.
    pub safety_margin_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccessTokenCreated {
    pub access_token: AccessTokenId,
    pub name: String,
    pub role: Role,
    /// The only pod that a token of role `pod` may speak for, if it is bound.
    pub pod: Option<PodName>,
    pub hash: TokenHash,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccessTokenRevoked {
    pub access_token: AccessTokenId,
}

/// The end of pulses, which are kept for a while only. Their positions stay taken, so whoever counts positions looks here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PulsesDropped {
    /// Position of the first pulse that went. Ledger events between it and the last stay.
    pub first: Position,
    pub last: Position,
    /// How many pulses went.
    pub count: u64,
    /// The number of the partition that they were in. Absent if they went in no partition of this database: an import brings none.
    pub partition: Option<i64>,
}

/// History that this program cannot read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableEvent {
    #[error("unknown event type {0}; a newer version of conncentric wrote it, so run that version")]
    UnknownType(String),
    #[error("{kind} has schema version {version}, and this program knows versions up to {known}; run a newer version of conncentric")]
    NewerVersion { kind: String, version: i16, known: i16 },
    #[error("{kind} was never written with schema version {version}")]
    NoSuchVersion { kind: String, version: i16 },
    #[error("the data of {kind} does not parse: {source}")]
    Malformed { kind: String, source: serde_json::Error },
}

macro_rules! ledger_events {
    ($($name:ident = $version:literal),* $(,)?) => {
        /// A ledger event.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Event {
            $($name($name),)*
        }

        impl Event {
            /// All types with the schema version that is written today.
            pub const TYPES: &'static [(&'static str, i16)] = &[$((stringify!($name), $version)),*];

            #[must_use]
            pub fn type_name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name),)* }
            }

            #[must_use]
            pub fn schema_version(&self) -> i16 {
                match self { $(Self::$name(_) => $version,)* }
            }

            /// # Errors
            /// Refuses unknown types, versions newer than this program, and data that does not parse. Nothing is skipped.
            pub fn read(kind: &str, version: i16, data: &[u8]) -> Result<Self, UnreadableEvent> {
                let malformed = |source| UnreadableEvent::Malformed { kind: kind.to_owned(), source };
                match kind {
                    $(stringify!($name) => match version {
                        $version => serde_json::from_slice(data).map(Self::$name).map_err(malformed),
                        newer if newer > $version => Err(UnreadableEvent::NewerVersion { kind: kind.to_owned(), version, known: $version }),
                        older => {
                            let data = upcast(UPCASTS, kind, older..$version, serde_json::from_slice(data).map_err(malformed)?)?;
                            serde_json::from_value(data).map(Self::$name).map_err(malformed)
                        }
                    },)*
                    _ => Err(UnreadableEvent::UnknownType(kind.to_owned())),
                }
            }

            /// The data as JSON, keys in order.
            ///
            /// # Errors
            /// None in practice: every field here has a JSON form.
            pub fn data(&self) -> Result<serde_json::Value, serde_json::Error> {
                match self { $(Self::$name(data) => serde_json::to_value(data),)* }
            }
        }

        $(impl From<$name> for Event {
            fn from(data: $name) -> Self {
                Self::$name(data)
            }
        })*
    };
}

ledger_events! {
    AccessTokenCreated = 1,
    AccessTokenRevoked = 1,
    ActionAnswered = 1,
    ActionOrdered = 1,
    AdapterDeclared = 1,
    AdapterDeleted = 1,
    AdapterDisabled = 1,
    AdapterEnabled = 1,
    AdapterRevised = 1,
    ArtifactDeleted = 1,
    ArtifactStored = 1,
    EpochBegan = 1,
    EpochSettled = 1,
    LeaseConfirmed = 1,
    LeaseExpired = 1,
    LedgerSealed = 1,
    LedgerUnsealed = 1,
    MaintenanceBegan = 1,
    MaintenanceEnded = 1,
    PluginInstalled = 1,
    PluginRemoved = 1,
    PodDrained = 1,
    PodLeft = 1,
    PodLost = 1,
    PodRegistered = 2,
    PodResumed = 1,
    PulsesDropped = 1,
    SessionClaimed = 1,
    SessionLogged = 1,
    SessionMoveOrdered = 1,
    SessionReleased = 1,
    SessionStatusChanged = 1,
}

impl Event {
    /// What the event is about: the key that histories are looked up by.
    #[must_use]
    pub fn stream(&self) -> String {
        match self {
            Self::AccessTokenCreated(AccessTokenCreated { access_token, .. })
            | Self::AccessTokenRevoked(AccessTokenRevoked { access_token }) => {
                format!("access-token:{access_token}")
            }
            Self::AdapterDeclared(AdapterDeclared { adapter, .. })
            | Self::AdapterRevised(AdapterRevised { adapter, .. })
            | Self::AdapterDeleted(AdapterDeleted { adapter })
            | Self::AdapterEnabled(AdapterEnabled { adapter, .. })
            | Self::AdapterDisabled(AdapterDisabled { adapter, .. }) => format!("adapter:{adapter}"),
            Self::ArtifactStored(ArtifactStored { artifact, .. }) | Self::ArtifactDeleted(ArtifactDeleted { artifact }) => {
                format!("artifact:{artifact}")
            }
            Self::PluginInstalled(PluginInstalled { plugin, .. }) | Self::PluginRemoved(PluginRemoved { plugin }) => {
                format!("plugin:{plugin}")
            }
            Self::PodRegistered(PodRegistered { pod, .. })
            | Self::PodDrained(PodDrained { pod, .. })
            | Self::PodResumed(PodResumed { pod, .. })
            | Self::PodLost(PodLost { pod, .. })
            | Self::PodLeft(PodLeft { pod, .. }) => format!("pod:{pod}"),
            Self::ActionAnswered(ActionAnswered { session, .. })
            | Self::ActionOrdered(ActionOrdered { session, .. })
            | Self::SessionClaimed(SessionClaimed { session, .. })
            | Self::SessionLogged(SessionLogged { session, .. })
            | Self::SessionStatusChanged(SessionStatusChanged { session, .. })
            | Self::SessionMoveOrdered(SessionMoveOrdered { session, .. })
            | Self::SessionReleased(SessionReleased { session, .. })
            | Self::LeaseConfirmed(LeaseConfirmed { session, .. })
            | Self::LeaseExpired(LeaseExpired { session, .. }) => format!("session:{session}"),
            Self::EpochBegan(_)
            | Self::EpochSettled(_)
            | Self::LedgerSealed(_)
            | Self::LedgerUnsealed(_)
            | Self::MaintenanceBegan(_)
            | Self::MaintenanceEnded(_)
            | Self::PulsesDropped(_) => "fleet".to_owned(),
        }
    }
}

impl Event {
    /// The token of an earlier claim that this event speaks of.
    #[must_use]
    pub fn names_token(&self) -> Option<FencingToken> {
        match self {
            Self::ActionAnswered(ActionAnswered { token, .. })
            | Self::ActionOrdered(ActionOrdered { token, .. })
            | Self::SessionLogged(SessionLogged { token, .. })
            | Self::SessionStatusChanged(SessionStatusChanged { token, .. })
            | Self::SessionMoveOrdered(SessionMoveOrdered { token, .. })
            | Self::SessionReleased(SessionReleased { token, .. })
            | Self::LeaseConfirmed(LeaseConfirmed { token, .. })
            | Self::LeaseExpired(LeaseExpired { token, .. }) => Some(*token),
            _ => None,
        }
    }

    /// The position of an earlier event that stands in the data.
    #[must_use]
    pub fn names_position(&self) -> Option<Position> {
        match self {
            Self::ActionAnswered(event) => Some(event.action),
            _ => None,
        }
    }
}

macro_rules! holders {
    ($($name:ident),*) => {
        $(impl $name {
            #[must_use]
            pub fn holder(&self) -> Holder {
                Holder { pod: self.pod.clone(), incarnation: self.incarnation.clone() }
            }
        })*
    };
}

holders!(PodRegistered, SessionClaimed, SessionReleased, LeaseConfirmed, LeaseExpired);

/// An event as it stands in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    pub position: Position,
    pub epoch: Epoch,
    pub id: Uuid,
    pub recorded_at: DateTime<Utc>,
    /// Who, and how they proved it: for example `pod:pod-1 via token:3f9a…`.
    pub actor: String,
    pub request_id: Option<Uuid>,
    /// The position of the event that led to this one.
    pub cause: Option<Position>,
    pub event: Event,
}
