//! What an adapter said before.

use chrono::{DateTime, Utc};

use super::{Connection, LogError, sql};
use crate::domain::adapter::AdapterSpec;
use crate::domain::name::AdapterName;
use crate::domain::token::Position;

/// One revision of an adapter.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    pub revision: u32,
    pub position: Position,
    pub at: DateTime<Utc>,
    pub actor: String,
    pub spec: AdapterSpec,
}

/// The revisions of an adapter that exists, newest first; those before a number if one is given.
pub async fn read_revisions(
    connection: &Connection,
    adapter: &AdapterName,
    before: Option<u32>,
    limit: i64,
) -> Result<Vec<Revision>, LogError> {
    let before = before.map(|before| i32::try_from(before).unwrap_or(i32::MAX));
    let rows = connection.client.query(sql::READ_REVISIONS, &[&adapter.as_str(), &before, &limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(Revision {
                revision: u32::try_from(row.try_get::<_, i32>("revision")?).map_err(LogError::inconsistent)?,
                position: row.try_get("position")?,
                at: row.try_get("recorded_at")?,
                actor: row.try_get("actor")?,
                spec: serde_json::from_value(row.try_get("spec")?).map_err(LogError::inconsistent)?,
            })
        })
        .collect()
}
