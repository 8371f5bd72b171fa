//! The event logs of adapters: written by connectors, read by people.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::pod::RefusedSession;
use super::push::AsOf;
use crate::domain::entry::{Category, Level};
use crate::domain::name::{AdapterName, Incarnation, PodName, SessionId};
use crate::domain::token::{FencingToken, Position};

/// `POST /v1/log`: what the connectors of a pod have to say. Sent again under the same `Idempotency-Key` until it is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogRequest {
    #[schema(value_type = String)]
    pub pod: PodName,
    #[schema(value_type = String)]
    pub incarnation: Incarnation,
    /// At most 100.
    pub entries: Vec<NewEntry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEntry {
    #[schema(value_type = String)]
    pub session: SessionId,
    #[schema(value_type = String)]
    pub token: FencingToken,
    pub level: Level,
    pub category: Category,
    /// The first 500 characters are kept.
    pub message: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogAnswer {
    #[serde(flatten)]
    pub as_of: AsOf,
    pub refused: Vec<RefusedSession>,
}

/// `GET /v1/adapters/{name}/log`: one entry of an adapter's event log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EntryView {
    /// The position of the event that it was derived from.
    pub position: Position,
    #[schema(value_type = String)]
    pub adapter: AdapterName,
    #[schema(value_type = Option<String>)]
    pub session: Option<SessionId>,
    pub recorded_at: DateTime<Utc>,
    pub level: Level,
    pub category: Category,
    pub description: String,
    /// The data of the event, and its actor. `{"sealed": true}` if the event is in an archive.
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
}

/// A page of an event log, newest first. `next` is the `before` of the next page, and absent on the last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EntryPage {
    pub entries: Vec<EntryView>,
    pub next: Option<Position>,
}
