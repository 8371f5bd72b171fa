//! What somebody wants done. A command is decided on by [`super::decide`], which turns it into events or a refusal.

use super::action::Answer;
use super::adapter::{AdapterSpec, Labels};
use super::content::Content;
use super::entry::{Category, Level};
use super::identity::{AccessTokenId, Role, TokenHash};
use super::name::{ActionName, AdapterName, ArtifactName, ConnectorName, Holder, Incarnation, PluginName, PodName, SessionId};
use super::plugin::PluginFacts;
use super::status::OperationalStatus;
use super::token::{Epoch, FencingToken, Position};

/// What must be the case for a change of an adapter to go ahead (If-Match and If-None-Match of HTTP).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    None,
    Present,
    Revision(u32),
    Absent,
}

/// Which adapters a command is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Targets {
    All,
    Named(Vec<AdapterName>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct PutAdapter {
    pub adapter: AdapterName,
    pub spec: AdapterSpec,
    /// `None` leaves the administrative state as it is.
    pub enabled: Option<bool>,
    pub precondition: Precondition,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetEnabled {
    pub targets: Targets,
    pub enabled: bool,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    pub holder: Holder,
    pub capacity: u32,
    pub labels: Labels,
    pub connectors: Vec<ConnectorName>,
    pub platform: Option<String>,
    pub access_token: AccessTokenId,
}

/// What a pod says of one lease that it believes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub session: SessionId,
    pub token: FencingToken,
    pub status: OperationalStatus,
    pub reason: Option<String>,
    /// Whether it trusted the lease when it said so.
    pub trusted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    pub holder: Holder,
    pub sequence: i64,
    /// The newest epoch that the pod had heard of when it spoke, if it says.
    pub epoch: Option<Epoch>,
    /// The epoch and ledger position up to which it can prove to have been told of the log.
    pub seen: Option<(Epoch, Position)>,
    pub reports: Vec<Report>,
    pub access_token: AccessTokenId,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub holder: Holder,
    pub sessions: Vec<SessionId>,
    pub access_token: AccessTokenId,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    pub holder: Holder,
    pub sessions: Vec<(SessionId, FencingToken)>,
    pub access_token: AccessTokenId,
}

/// What a connector has to say of its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub session: SessionId,
    pub token: FencingToken,
    pub level: Level,
    pub category: Category,
    pub message: String,
}

/// Entries for the event logs of adapters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    pub holder: Holder,
    pub entries: Vec<Entry>,
    pub access_token: AccessTokenId,
}

/// Hand over all sessions of a pod. A pod that drains itself names its incarnation and its access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drain {
    pub pod: PodName,
    pub incarnation: Option<Incarnation>,
    pub access_token: Option<AccessTokenId>,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leave {
    pub holder: Holder,
    pub access_token: AccessTokenId,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveSession {
    pub session: SessionId,
    pub to: PodName,
}

#[derive(Debug, Clone, PartialEq)]
pub struct OrderAction {
    pub session: SessionId,
    pub action: ActionName,
    pub parameters: serde_json::Map<String, serde_json::Value>,
}

/// What an owner says of one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnersAnswer {
    pub session: SessionId,
    pub token: FencingToken,
    /// The position of the order.
    pub action: Position,
    pub state: Answer,
    pub message: Option<String>,
}

/// What a pod says of actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerActions {
    pub holder: Holder,
    pub answers: Vec<OwnersAnswer>,
    pub access_token: AccessTokenId,
}

/// Even out what pods have to do, by so many moves at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebalance {
    pub max_moves: u32,
}

/// Record that the pulses of a partition, which are older than they are kept for, go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DropPulses {
    pub partition: i64,
    pub first: Position,
    pub last: Position,
    pub count: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateAccessToken {
    pub id: AccessTokenId,
    pub name: String,
    pub role: Role,
    pub pod: Option<PodName>,
    pub hash: TokenHash,
}

/// What the new version of an artifact is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArtifactSource {
    /// What was uploaded, and what its sender says that it is.
    Upload { content: Content, media_type: Option<String> },
    /// What an older version was.
    Version(u32),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutArtifact {
    pub artifact: ArtifactName,
    pub source: ArtifactSource,
    pub precondition: Precondition,
}

/// A package that was looked into and is in the database.
#[derive(Debug, Clone, PartialEq)]
pub struct InstallPlugin {
    pub plugin: PluginName,
    pub facts: PluginFacts,
    pub content: Content,
    /// The signature, in Base64, and the id of the key that it was checked with.
    pub signed: Option<(String, String)>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    PutAdapter(PutAdapter),
    DeleteAdapter {
        adapter: AdapterName,
        precondition: Precondition,
    },
    PutArtifact(PutArtifact),
    DeleteArtifact {
        artifact: ArtifactName,
        precondition: Precondition,
    },
    InstallPlugin(Box<InstallPlugin>),
    RemovePlugin {
        plugin: PluginName,
    },
    SetEnabled(SetEnabled),
    /// Disable what is enabled among these, and remember it.
    BeginMaintenance {
        targets: Targets,
        reason: Option<String>,
    },
    /// Enable what maintenance has disabled, and nothing else.
    EndMaintenance {
        reason: Option<String>,
    },
    Register(Register),
    Heartbeat(Heartbeat),
    Claim(Claim),
    Release(Release),
    /// End the leases of silent pods. Nobody sends this command: time does.
    Expire,
    Drain(Drain),
    /// Nobody sends this one either: an orchestrator does it in passing.
    DropPulses(DropPulses),
    Undrain {
        pod: PodName,
    },
    Leave(Leave),
    Log(Log),
    Move(MoveSession),
    OrderAction(OrderAction),
    AnswerActions(AnswerActions),
    Rebalance(Rebalance),
    CreateAccessToken(CreateAccessToken),
    RevokeAccessToken {
        id: AccessTokenId,
    },
}
