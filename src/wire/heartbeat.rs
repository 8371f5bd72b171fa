//! How the heartbeats of a pod are shown. What pods send is in [`super::pod`].

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::name::{Incarnation, PodName};
use crate::domain::token::Position;

/// `GET /v1/pods/{pod}/heartbeats`: when a pod was heard, as the log has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Heartbeats {
    #[schema(value_type = String)]
    pub pod: PodName,
    #[schema(value_type = String)]
    pub incarnation: Incarnation,
    /// Milliseconds between two heartbeats as every pod is asked for them; it follows the shortest lease timeout in use.
    pub interval_ms: u32,
    /// Newest first.
    pub heartbeats: Vec<HeartbeatView>,
}

/// One heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeartbeatView {
    /// Of the pulse that recorded it.
    pub position: Position,
    /// When the orchestrator recorded it, which is a few milliseconds after it came.
    pub recorded_at: DateTime<Utc>,
    /// The pod's own count. A number that is missing was lost on the way.
    pub sequence: i64,
    pub recorded_by: String,
}
