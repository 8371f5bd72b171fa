//! Who owned what at a moment: the same answer from the projections (`GET /v1/ownership`) and from the event table alone
//! (`conncentric replay`).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::name::{AdapterName, Holder, SessionId};
use crate::domain::status::{AdminState, OperationalStatus};
use crate::domain::token::{FencingToken, Position};

/// `GET /v1/ownership?at=`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OwnershipAt {
    /// The position that the answer is true at. Asked for again, it gives the same answer for ever.
    pub at_position: Position,
    /// The time that was asked for; else when the event at `at_position` was recorded.
    pub at_time: DateTime<Utc>,
    pub sessions: Vec<SessionAt>,
}

/// One session as the log shows it. What only an orchestrator of that moment could know, such as how long a pod had been silent,
/// is not in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionAt {
    #[schema(value_type = String, example = "venue-a/0")]
    pub session: SessionId,
    #[schema(value_type = String)]
    pub adapter: AdapterName,
    pub admin_state: AdminState,
    pub status: OperationalStatus,
    /// Why it was not ACTIVE, or what was about to change, in plain words.
    pub reason: Option<String>,
    pub owner: Option<Holder>,
    #[schema(value_type = Option<String>)]
    pub token: Option<FencingToken>,
    /// When the owner claimed it.
    pub since: Option<DateTime<Utc>>,
}
