//! What was ordered of a session, and what became of it.

use super::{Connection, LogError, sql};
use crate::domain::action::ActionId;
use crate::domain::name::SessionId;
use crate::domain::token::{FencingToken, Position};
use crate::wire::action::ActionView;

/// Which actions; all that is given must hold.
#[derive(Debug, Clone)]
pub struct ActionFilter {
    pub session: SessionId,
    pub before: Option<Position>,
    pub id: Option<Position>,
    pub limit: i64,
}

/// Actions of a session, newest first.
pub async fn read_actions(connection: &Connection, filter: &ActionFilter) -> Result<Vec<ActionView>, LogError> {
    let ActionFilter { session, before, id, limit } = filter;
    let rows = connection.client.query(sql::READ_ACTIONS, &[&session.to_string(), before, id, limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(ActionView {
                action_id: ActionId(row.try_get("position")?),
                session: session.clone(),
                token: FencingToken::from_i64(row.try_get("token")?).map_err(LogError::inconsistent)?,
                action: row.try_get::<_, &str>("action")?.parse().map_err(LogError::inconsistent)?,
                parameters: serde_json::from_value(row.try_get("parameters")?).map_err(LogError::inconsistent)?,
                state: serde_json::from_value(row.try_get::<_, String>("state")?.into()).map_err(LogError::inconsistent)?,
                message: row.try_get("message")?,
                ordered_at: row.try_get("ordered_at")?,
                ordered_by: row.try_get("ordered_by")?,
                answered_at: row.try_get("answered_at")?,
            })
        })
        .collect()
}
