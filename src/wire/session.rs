//! How sessions and their owners are shown, and the order to move one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::push::AsOf;
use crate::domain::adapter::Mode;
use crate::domain::name::{AdapterName, Holder, PodName, SessionId};
use crate::domain::status::{AdminState, OperationalStatus};
use crate::domain::token::{FencingToken, Position};

/// `GET /v1/sessions`: one session and who owns it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionView {
    #[schema(value_type = String, example = "venue-a/0")]
    pub session: SessionId,
    #[schema(value_type = String)]
    pub adapter: AdapterName,
    #[schema(value_type = String)]
    pub mode: Mode,
    pub admin_state: AdminState,
    pub status: OperationalStatus,
    /// Why it is not ACTIVE, or what is about to change, in plain words.
    pub reason: Option<String>,
    pub owner: Option<Holder>,
    #[schema(value_type = Option<String>)]
    pub token: Option<FencingToken>,
    /// When the owner claimed it.
    pub since: Option<DateTime<Utc>>,
    /// Who takes over an exclusive session if the owner falls silent now.
    #[schema(value_type = Option<String>)]
    pub next_owner: Option<PodName>,
    pub ttl_ms: u32,
    /// Milliseconds since the owner was last heard of.
    pub lease_age_ms: Option<u64>,
    /// The revision that runs; older than the adapter's while a change waits for a restart.
    pub revision: Option<u32>,
    /// The adapter's newest revision.
    #[serde(default)]
    pub newest_revision: u32,
    /// Whether it would run otherwise after a restart.
    #[serde(default)]
    pub pending_restart: bool,
    /// Actions that wait for their last answer.
    #[serde(default)]
    pub open_actions: usize,
}

/// `GET /v1/sessions/{adapter}/{ordinal}/history`: one ownership, from claim to end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OwnershipView {
    #[schema(value_type = String)]
    pub session: SessionId,
    pub owner: Holder,
    #[schema(value_type = String)]
    pub token: FencingToken,
    /// `placement`, `request`, `takeover` or `handover`.
    pub claimed_by: String,
    pub from_position: Position,
    pub from: DateTime<Utc>,
    pub to_position: Option<Position>,
    pub to: Option<DateTime<Utc>>,
    /// `released` or `expired`; nothing while it lasts.
    pub ended_by: Option<String>,
}

/// `POST /v1/sessions/{adapter}/{ordinal}/move`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveRequest {
    #[schema(value_type = String)]
    pub to: PodName,
    /// Only says whether it could be done.
    #[serde(default)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MoveAnswer {
    #[serde(flatten)]
    pub as_of: AsOf,
    #[schema(value_type = String)]
    pub session: SessionId,
    pub from: Option<Holder>,
    #[schema(value_type = String)]
    pub to: PodName,
}
