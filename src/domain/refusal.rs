//! Why something is not done: a value with a stable code for programs and a sentence for people.

use uuid::Uuid;

use super::action::MAX_OPEN;
use super::adapter::InvalidField;
use super::connector::check::InvalidFields;
use super::evolve::Corrupt;
use super::identity::AccessTokenId;
use super::name::{ActionName, AdapterName, ArtifactName, ConnectorName, Holder, PluginName, PodName, SessionId};
use super::placement::NoPlace;
use super::plugin::PluginVersion;
use super::token::{Epoch, FencingToken, Position};

/// What kind of refusal it is, which decides the HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    Invalid,
    /// Nobody known is asking.
    Unauthorized,
    Forbidden,
    NotFound,
    Conflict,
    PreconditionFailed,
    /// A fault of ours.
    Internal,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    #[error(transparent)]
    InvalidFields(#[from] InvalidFields),
    #[error("there is no adapter {0}; `conncentric get adapters` lists them")]
    AdapterUnknown(AdapterName),
    #[error("there are no adapters {}; `conncentric get adapters` lists them", join(.0))]
    AdaptersUnknown(Vec<AdapterName>),
    #[error("there is no session {0}; `conncentric get sessions` lists them")]
    SessionUnknown(SessionId),
    #[error("no pod {0} is registered; `conncentric get pods` lists them")]
    PodUnknown(PodName),
    #[error("{0} is not registered (any more): stop its sessions and register again")]
    HolderUnknown(Holder),
    #[error("a newer process has registered as pod {pod}: {given} must stop its sessions and exit")]
    Superseded { pod: PodName, given: Holder },
    #[error("{0} was registered with another access token; a pod acts only for itself")]
    NotYourPod(Holder),
    #[error("{0} is registered with another capacity, labels or connectors; a changed pod needs a new incarnation")]
    RegistrationDiffers(Holder),
    #[error("adapter {adapter} is at revision {actual}, not {given}; read it again and repeat your change")]
    RevisionStale { adapter: AdapterName, given: u32, actual: u32 },
    #[error("adapter {adapter} has no revision {revision}; `conncentric get adapters {adapter} --revisions` lists them")]
    RevisionUnknown { adapter: AdapterName, revision: u32 },
    #[error("adapter {0} does not exist (any more), and If-Match asks for one that does")]
    AdapterMissing(AdapterName),
    #[error("adapter {0} exists already")]
    AdapterExists(AdapterName),
    #[error("adapter {0} is enabled; disable it first and wait until it is INACTIVE")]
    AdapterEnabled(AdapterName),
    #[error("session {0} is still owned; disable the adapter and wait until it is INACTIVE")]
    StillOwned(SessionId),
    #[error("the mode of {0} cannot change while its sessions are owned; disable it and wait until it is INACTIVE")]
    ModeInUse(AdapterName),
    #[error("adapter {0} is disabled")]
    AdapterDisabled(AdapterName),
    #[error("{owner} owns {session}")]
    OwnedByAnother { session: SessionId, owner: Holder },
    #[error("nobody owns {0}, so there is nothing to move")]
    NotOwned(SessionId),
    #[error("nobody owns {0}, so nobody could carry out an action; `conncentric get sessions {0}` says why")]
    NobodyToAct(SessionId),
    #[error("{session} is being closed: {why}")]
    Closing { session: SessionId, why: String },
    #[error("sessions of connector {connector} do not understand \"{action}\"; {session} understands {known}")]
    ActionUnsupported { session: SessionId, action: ActionName, connector: ConnectorName, known: String },
    #[error("{open} actions of {session} wait for an answer, and there can be {MAX_OPEN}; wait for some, or restart it")]
    TooManyActions { session: SessionId, open: usize },
    #[error("action {action} of {session} has had its last answer, or was never ordered")]
    ActionOver { session: SessionId, action: Position },
    #[error("there is no action {action} of {session}; `conncentric get actions {session}` lists them")]
    ActionUnknown { session: SessionId, action: Position },
    #[error("{pod} owns {session} already")]
    OwnedAlready { session: SessionId, pod: PodName },
    #[error("{session} is on its way to {to} already")]
    MovingAlready { session: SessionId, to: PodName },
    #[error("the lease of {session} under token {given} is over: {why}")]
    LeaseNotHeld { session: SessionId, given: FencingToken, why: String },
    #[error("token {given} of {session} is larger than any that was given out; this log does not know that claim")]
    TokenFromTheFuture { session: SessionId, given: FencingToken },
    #[error("{session} cannot be granted yet: epoch {epoch} began, and another pod may still hold it by history that was lost")]
    EpochSettling { session: SessionId, epoch: Epoch },
    #[error("{session} cannot run on {pod}: {}", .why.of_that_pod())]
    CannotRunThere { session: SessionId, pod: PodName, why: NoPlace },
    #[error("{0} still holds sessions; release them first")]
    HoldsSessions(Holder),
    #[error("pod {0} is not draining")]
    NotDraining(PodName),
    #[error("no maintenance is under way, so there is nothing to end")]
    NoMaintenance,
    #[error("there is no artifact {0}; `conncentric artifact list` shows those that there are")]
    ArtifactUnknown(ArtifactName),
    #[error("artifact {artifact} has no version {version}; `conncentric artifact list {artifact}` shows those that it has")]
    ArtifactVersionUnknown { artifact: ArtifactName, version: u32 },
    #[error("artifact {artifact} is in use by {}; take it out of their artifacts first", join(.adapters))]
    ArtifactInUse { artifact: ArtifactName, adapters: Vec<AdapterName> },
    #[error("artifact {artifact} is at version {actual}, not {given}; read it again and repeat your change")]
    ArtifactStale { artifact: ArtifactName, given: u32, actual: u32 },
    #[error("artifact {0} does not exist (any more), and If-Match asks for one that does")]
    ArtifactMissing(ArtifactName),
    #[error("artifact {0} exists already")]
    ArtifactExists(ArtifactName),
    #[error("there is no plugin {0}; `conncentric plugin list` shows those that there are")]
    PluginUnknown(PluginName),
    #[error("plugin {plugin} is in use: connector {connector} is named by {}; delete these adapters or give them another", join(.adapters))]
    PluginInUse { plugin: PluginName, connector: ConnectorName, adapters: Vec<AdapterName> },
    #[error("version {version} of plugin {plugin} was another package; give this one a version of its own")]
    PluginVersionTaken { plugin: PluginName, version: PluginVersion },
    #[error("connector {connector} cannot be brought by this plugin: {by}; choose another name")]
    ConnectorTaken { connector: ConnectorName, by: String },
    #[error("there is no access token {0}; `conncentric token list` shows them")]
    AccessTokenUnknown(AccessTokenId),
    #[error("access token {0} was revoked; make one with `conncentric token create`")]
    AccessTokenRevoked(AccessTokenId),
    #[error("the request id {0} was used for another request by somebody else; make a new one")]
    RequestIdTaken(Uuid),
    #[error("a fault of conncentric, nothing was changed: {0}")]
    Fault(#[from] Corrupt),
}

fn join(names: &[AdapterName]) -> String {
    names.iter().map(AdapterName::as_str).collect::<Vec<_>>().join(", ")
}

impl Refusal {
    /// Stable, kebab-case.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) | Self::InvalidFields(_) => "invalid-field",
            Self::AdapterUnknown(_) | Self::AdaptersUnknown(_) => "adapter-unknown",
            Self::SessionUnknown(_) => "session-unknown",
            Self::PodUnknown(_) | Self::HolderUnknown(_) => "pod-unknown",
            Self::Superseded { .. } => "pod-superseded",
            Self::NotYourPod(_) => "not-your-pod",
            Self::RegistrationDiffers(_) => "registration-differs",
            Self::RevisionStale { .. } => "revision-stale",
            Self::RevisionUnknown { .. } => "revision-unknown",
            Self::AdapterMissing(_) => "adapter-missing",
            Self::AdapterExists(_) => "adapter-exists",
            Self::AdapterEnabled(_) => "adapter-enabled",
            Self::StillOwned(_) => "session-owned",
            Self::ModeInUse(_) => "mode-in-use",
            Self::AdapterDisabled(_) => "adapter-disabled",
            Self::OwnedByAnother { .. } => "owned-by-another",
            Self::NotOwned(_) | Self::NobodyToAct(_) => "not-owned",
            Self::Closing { .. } => "closing",
            Self::ActionUnsupported { .. } => "action-unsupported",
            Self::TooManyActions { .. } => "too-many-actions",
            Self::ActionOver { .. } => "action-over",
            Self::ActionUnknown { .. } => "action-unknown",
            Self::OwnedAlready { .. } => "owned-already",
            Self::MovingAlready { .. } => "moving-already",
            Self::LeaseNotHeld { .. } => "lease-not-held",
            Self::TokenFromTheFuture { .. } => "token-from-the-future",
            Self::EpochSettling { .. } => "epoch-settling",
            Self::CannotRunThere { .. } => "cannot-run-there",
            Self::HoldsSessions(_) => "pod-holds-sessions",
            Self::NotDraining(_) => "not-draining",
            Self::NoMaintenance => "no-maintenance",
            Self::ArtifactUnknown(_) | Self::ArtifactVersionUnknown { .. } => "artifact-unknown",
            Self::PluginUnknown(_) => "plugin-unknown",
            Self::PluginInUse { .. } => "plugin-in-use",
            Self::PluginVersionTaken { .. } => "plugin-version-taken",
            Self::ConnectorTaken { .. } => "connector-taken",
            Self::ArtifactInUse { .. } => "artifact-in-use",
            Self::ArtifactStale { .. } => "artifact-stale",
            Self::ArtifactMissing(_) => "artifact-missing",
            Self::ArtifactExists(_) => "artifact-exists",
            Self::AccessTokenUnknown(_) => "access-token-unknown",
            Self::AccessTokenRevoked(_) => "unauthorized",
            Self::RequestIdTaken(_) => "request-id-taken",
            Self::Fault(_) => "fault",
        }
    }

    #[must_use]
    pub fn kind(&self) -> RefusalKind {
        match self {
            Self::Invalid(_) | Self::InvalidFields(_) => RefusalKind::Invalid,
            Self::AccessTokenRevoked(_) => RefusalKind::Unauthorized,
            Self::NotYourPod(_) => RefusalKind::Forbidden,
            Self::AdapterUnknown(_)
            | Self::AdaptersUnknown(_)
            | Self::SessionUnknown(_)
            | Self::PodUnknown(_)
            | Self::HolderUnknown(_)
            | Self::PluginUnknown(_)
            | Self::ArtifactUnknown(_)
            | Self::ArtifactVersionUnknown { .. }
            | Self::RevisionUnknown { .. }
            | Self::ActionUnknown { .. }
            | Self::AccessTokenUnknown(_) => RefusalKind::NotFound,
            Self::RevisionStale { .. }
            | Self::AdapterMissing(_)
            | Self::AdapterExists(_)
            | Self::ArtifactStale { .. }
            | Self::ArtifactMissing(_)
            | Self::ArtifactExists(_) => RefusalKind::PreconditionFailed,
            Self::Fault(_) => RefusalKind::Internal,
            _ => RefusalKind::Conflict,
        }
    }

    /// The field at fault, if it is one.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Invalid(invalid) => Some(&invalid.field),
            Self::InvalidFields(invalid) => invalid.all().first().map(|first| first.field.as_str()),
            _ => None,
        }
    }

    /// Every field at fault, where all of a document was looked at.
    #[must_use]
    pub fn fields(&self) -> &[InvalidField] {
        match self {
            Self::InvalidFields(invalid) => invalid.all(),
            _ => &[],
        }
    }
}
