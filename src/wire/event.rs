//! How events are shown.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::token::{Epoch, Position};

/// `GET /v1/events`: one row of the event table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventView {
    pub position: Position,
    #[schema(value_type = i32)]
    pub epoch: Epoch,
    pub id: Uuid,
    #[serde(rename = "type")]
    pub kind: String,
    pub schema_version: i16,
    pub stream: String,
    pub recorded_at: DateTime<Utc>,
    pub actor: String,
    pub request_id: Option<Uuid>,
    pub cause: Option<Position>,
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
    /// SHA-256 of the hash chain, in hex. Pulses have none.
    pub hash: Option<String>,
}

/// A page of events. `next` is the `after` of the next page, and absent on the last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventPage {
    pub events: Vec<EventView>,
    pub next: Option<Position>,
    /// The position of the newest event.
    pub head: Position,
    /// Where the events are that the page should have begun with, if they are not in the table any more. It begins with the
    /// first that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<SealedView>,
}

/// An archive file that holds the ledger events of these positions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SealedView {
    pub first: Position,
    pub last: Position,
    pub file: String,
}
