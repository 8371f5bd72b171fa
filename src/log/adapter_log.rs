//! The event log of one adapter.

use super::{Connection, LogError, sql};
use crate::domain::entry::{Category, Level};
use crate::domain::name::{AdapterName, SessionId};
use crate::domain::token::Position;
use crate::wire::log::EntryView;

/// Which entries; all that is given must hold.
#[derive(Debug, Clone)]
pub struct EntryFilter {
    pub adapter: AdapterName,
    pub before: Option<Position>,
    pub session: Option<SessionId>,
    pub level: Option<Level>,
    pub category: Option<Category>,
    pub limit: i64,
}

/// Entries of an adapter's event log, newest first.
pub async fn read_adapter_log(connection: &Connection, filter: &EntryFilter) -> Result<Vec<EntryView>, LogError> {
    let session = filter.session.as_ref().map(ToString::to_string);
    let (level, category) = (filter.level.map(Level::as_str), filter.category.map(Category::as_str));
    let rows = connection
        .client
        .query(sql::READ_ADAPTER_LOG, &[&filter.adapter.as_str(), &filter.before, &session, &level, &category, &filter.limit])
        .await?;
    rows.iter()
        .map(|row| {
            let word = |column: &str| -> Result<serde_json::Value, LogError> { Ok(row.try_get::<_, String>(column)?.into()) };
            let session: Option<String> = row.try_get("session")?;
            Ok(EntryView {
                position: row.try_get("position")?,
                adapter: filter.adapter.clone(),
                session: session.map(|session| session.parse().map_err(LogError::inconsistent)).transpose()?,
                recorded_at: row.try_get("recorded_at")?,
                level: serde_json::from_value(word("level")?).map_err(LogError::inconsistent)?,
                category: serde_json::from_value(word("category")?).map_err(LogError::inconsistent)?,
                description: row.try_get("description")?,
                details: row.try_get("details")?,
            })
        })
        .collect()
}
