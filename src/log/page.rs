//! Pages of the event table, for people.

use chrono::{DateTime, Utc};

use super::{Connection, LogError, sql};
use crate::domain::token::{Epoch, Position};
use crate::wire::event::EventView;

/// Which events a page shows. All that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct PageFilter {
    pub after: Option<Position>,
    pub before: Option<Position>,
    pub kind: Option<String>,
    pub stream: Option<String>,
    pub actor: Option<String>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    /// Whether pulses are shown too.
    pub pulses: bool,
    pub newest_first: bool,
    pub limit: i64,
}

pub async fn read_page(connection: &Connection, filter: &PageFilter) -> Result<Vec<EventView>, LogError> {
    let statement = if filter.newest_first { sql::READ_PAGE_NEWEST_FIRST } else { sql::READ_PAGE };
    let PageFilter { after, before, kind, stream, actor, from, to, limit, pulses, .. } = filter;
    let rows = connection.client.query(statement, &[after, before, kind, stream, actor, from, to, limit, pulses]).await?;
    rows.iter()
        .map(|row| {
            Ok(EventView {
                position: row.try_get("position")?,
                epoch: Epoch(row.try_get("epoch")?),
                id: row.try_get("id")?,
                kind: row.try_get("type")?,
                schema_version: row.try_get("schema_version")?,
                stream: row.try_get("stream")?,
                recorded_at: row.try_get("recorded_at")?,
                actor: row.try_get("actor")?,
                request_id: row.try_get("request_id")?,
                cause: row.try_get("cause")?,
                data: row.try_get("data")?,
                hash: row.try_get("hash")?,
            })
        })
        .collect()
}
