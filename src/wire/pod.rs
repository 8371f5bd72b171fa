//! What pods and orchestrators say to each other, and how pods are listed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::action::{PodAction, SessionAction};
use super::push::AsOf;
use crate::domain::adapter::{Labels, Mode, OnLeaseLoss};
use crate::domain::name::{AdapterName, ConnectorName, Incarnation, PodName, RegistrationId, SessionId};
use crate::domain::status::OperationalStatus;
use crate::domain::token::{Epoch, FencingToken};

/// `POST /v1/pods`: a pod's standing claim for whatever it may run, up to its capacity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterRequest {
    #[schema(value_type = String, example = "pod-1")]
    pub pod: PodName,
    /// The random id of this start of the process.
    #[schema(value_type = String)]
    pub incarnation: Incarnation,
    /// How many units of session it has room for.
    #[serde(default = "default_capacity")]
    pub capacity: u32,
    #[serde(default)]
    pub labels: Labels,
    /// The connectors it offers.
    #[schema(value_type = Vec<String>)]
    #[serde(default = "built_in_connectors")]
    pub connectors: Vec<ConnectorName>,
    /// System and processor, `linux-x86_64` for example. A pod that says so can run the connectors of plugins, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
}

/// The capacity of a pod that names none.
#[must_use]
pub fn default_capacity() -> u32 {
    1000
}

/// The connectors of a pod that names none.
#[must_use]
pub fn built_in_connectors() -> Vec<ConnectorName> {
    ["exec", "tcp"].iter().filter_map(|name| ConnectorName::new(name).ok()).collect()
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RegisterAnswer {
    #[serde(flatten)]
    pub as_of: AsOf,
    /// The number of the registration.
    pub registration: RegistrationId,
    pub heartbeat_interval_ms: u32,
    pub leases: Vec<LeaseGrant>,
}

/// What the pod is to do with a session that it holds the lease of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Desired {
    Run,
    /// Close it in order and release it.
    Stop,
}

/// A lease with all that a pod needs to run the session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LeaseGrant {
    #[schema(value_type = String, example = "venue-a/0")]
    pub session: SessionId,
    #[schema(value_type = String)]
    pub token: FencingToken,
    pub ttl_ms: u32,
    pub desired: Desired,
    /// Why it is to stop, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A lease of an earlier epoch: who holds it goes on and says so with the next heartbeat, who does not begins nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unconfirmed: bool,
    #[schema(value_type = String)]
    pub adapter: AdapterName,
    pub revision: u32,
    #[schema(value_type = String)]
    pub connector: ConnectorName,
    #[schema(value_type = String)]
    pub mode: Mode,
    #[schema(value_type = String)]
    pub on_lease_loss: OnLeaseLoss,
    pub artifacts: Vec<String>,
    #[schema(value_type = Object)]
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// What its owner is to do and has not said yet that it knows of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<PodAction>,
}

/// `POST /v1/heartbeats`: one renews all leases of the pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatRequest {
    #[schema(value_type = String)]
    pub pod: PodName,
    #[schema(value_type = String)]
    pub incarnation: Incarnation,
    /// Counts the heartbeats of this incarnation.
    pub sequence: i64,
    /// The newest epoch that the pod had heard of. Whoever names an older one than the present is not renewed by the answer.
    #[schema(value_type = Option<i32>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// The newest receipt that it was given: it shows what a database had acknowledged before it lost it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// Every lease that the pod believes in.
    #[serde(default)]
    pub leases: Vec<LeaseReport>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaseReport {
    #[schema(value_type = String)]
    pub session: SessionId,
    #[schema(value_type = String)]
    pub token: FencingToken,
    pub status: OperationalStatus,
    /// Why it is not ACTIVE, in plain words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether the pod trusted the lease when it sent this. Only then a lease outlives the beginning of a new epoch.
    #[serde(default)]
    pub trusted: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HeartbeatAnswer {
    #[serde(flatten)]
    pub as_of: AsOf,
    /// Changes with the shortest lease timeout in use.
    pub heartbeat_interval_ms: u32,
    /// To be sent with the next heartbeat as it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub receipt: String,
    /// Every lease that the pod owns: all of them are renewed.
    pub leases: Vec<RenewedLease>,
    /// Reported sessions that are not the pod's own any more (or never were).
    #[schema(value_type = Vec<String>)]
    pub fenced: Vec<SessionId>,
    /// What the pod has missed: leases that it did not report, and reported ones that it should be closing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<LeaseGrant>,
    /// What its sessions are to do, as far as the pod has not said that it knows of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<SessionAction>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RenewedLease {
    #[schema(value_type = String)]
    pub session: SessionId,
    #[schema(value_type = String)]
    pub token: FencingToken,
    pub ttl_ms: u32,
}

/// `POST /v1/claims`: sessions by name, beside the standing claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimRequest {
    #[schema(value_type = String)]
    pub pod: PodName,
    #[schema(value_type = String)]
    pub incarnation: Incarnation,
    /// Names this request for ever: the same id is never carried out twice.
    pub request_id: Uuid,
    #[schema(value_type = Vec<String>)]
    pub sessions: Vec<SessionId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClaimAnswer {
    #[serde(flatten)]
    pub as_of: AsOf,
    pub granted: Vec<LeaseGrant>,
    pub refused: Vec<RefusedSession>,
}

/// One session that a request did not get, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedSession {
    #[schema(value_type = String)]
    pub session: SessionId,
    pub code: String,
    pub reason: String,
}

/// `POST /v1/releases`: the pod has closed these sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRequest {
    #[schema(value_type = String)]
    pub pod: PodName,
    #[schema(value_type = String)]
    pub incarnation: Incarnation,
    pub sessions: Vec<HeldLease>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldLease {
    #[schema(value_type = String)]
    pub session: SessionId,
    #[schema(value_type = String)]
    pub token: FencingToken,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseAnswer {
    #[serde(flatten)]
    pub as_of: AsOf,
    #[schema(value_type = Vec<String>)]
    pub released: Vec<SessionId>,
    pub refused: Vec<RefusedSession>,
}

/// `GET /v1/pods`: one pod, as the orchestrator that answers sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PodView {
    #[schema(value_type = String)]
    pub pod: PodName,
    #[schema(value_type = String)]
    pub incarnation: Incarnation,
    pub registration: RegistrationId,
    pub registered_at: DateTime<Utc>,
    /// `READY`, `DRAINING` or `SILENT` (no heartbeat for longer than two intervals).
    pub status: String,
    /// Milliseconds since this orchestrator last heard of it. Nothing with `?at=`: heartbeats are in the view `heartbeat`.
    pub last_heartbeat_ms_ago: Option<u64>,
    pub last_heartbeat_at: Option<DateTime<Utc>>,
    pub capacity: u32,
    /// Units of capacity in use.
    pub used: u32,
    #[schema(value_type = Vec<String>)]
    pub sessions: Vec<SessionId>,
    pub labels: Labels,
    #[schema(value_type = Vec<String>)]
    pub connectors: Vec<ConnectorName>,
    /// What programs of plugins it can run, if it runs any.
    #[serde(default)]
    pub platform: Option<String>,
}

/// `POST /v1/pods/{pod}/drain`. A pod that drains itself names its incarnation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DrainRequest {
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<Incarnation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Only says where each session would go.
    #[serde(default)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DrainAnswer {
    #[serde(flatten)]
    pub as_of: AsOf,
    pub handovers: Vec<PlannedHandover>,
}

/// Where a session goes, or why it has to stay for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlannedHandover {
    #[schema(value_type = String)]
    pub session: SessionId,
    #[schema(value_type = Option<String>)]
    pub to: Option<PodName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
