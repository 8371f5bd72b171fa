//! How one orchestrator is, and the database that it appends to.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::token::{Epoch, Position};

/// `GET /readyz`: whether heartbeats can be recorded there now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    pub ready: bool,
    /// The name of the instance that answers.
    pub orchestrator: String,
    /// Of the program.
    #[serde(default)]
    pub version: String,
    /// `connected` or `out of reach`.
    pub database: String,
    /// What is in the way, if it is not ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub connections: Connections,
    #[schema(value_type = i32)]
    pub epoch: Epoch,
    /// Whether sessions without an owner wait because a new epoch began.
    pub settling: bool,
    pub position: Position,
    /// Milliseconds since it knew the whole log.
    #[serde(default)]
    pub lag_ms: u64,
}

/// The connections to the database by what they are for: `connected`, `unused`, or why there is none. Only `append` decides on readiness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Connections {
    pub append: String,
    pub listen: String,
    pub read: String,
}

/// `GET /v1/status`: the same, with what the database says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatusView {
    #[serde(flatten)]
    pub readiness: Readiness,
    /// Absent while the database does not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<DatabaseServer>,
}

/// The server that is appended to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatabaseServer {
    /// Of PostgreSQL.
    pub version: String,
    /// `primary` or `standby`.
    pub role: String,
    /// Those that replicate from it, as far as the role may see them.
    pub standbys: Vec<StandbyView>,
}

/// One standby of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StandbyView {
    pub name: String,
    /// As in `pg_stat_replication`, `streaming` for example. Absent if the role may not see it.
    pub state: Option<String>,
    /// `sync`, `async`, `quorum` or `potential`.
    pub sync_state: Option<String>,
    /// Milliseconds that it is behind. Absent if the role may not see it, or if nothing was written lately.
    pub lag_ms: Option<i64>,
}
