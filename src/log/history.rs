//! The history of one session's owners.

use super::{Connection, LogError, sql};
use crate::domain::name::{Holder, SessionId};
use crate::domain::token::{FencingToken, Position};
use crate::wire::session::OwnershipView;

/// The ownerships of a session as they were at a position, newest first.
pub async fn read_ownerships(
    connection: &Connection,
    session: &SessionId,
    until: Position,
    limit: i64,
) -> Result<Vec<OwnershipView>, LogError> {
    let rows = connection.client.query(sql::READ_OWNERSHIPS, &[&session.to_string(), &limit, &until]).await?;
    rows.iter()
        .map(|row| {
            let pod: String = row.try_get("pod")?;
            let incarnation: String = row.try_get("incarnation")?;
            Ok(OwnershipView {
                session: session.clone(),
                owner: Holder {
                    pod: pod.parse().map_err(LogError::inconsistent)?,
                    incarnation: incarnation.parse().map_err(LogError::inconsistent)?,
                },
                token: FencingToken::from_i64(row.try_get("token")?).map_err(LogError::inconsistent)?,
                claimed_by: row.try_get("claimed_by")?,
                from_position: row.try_get("from_position")?,
                from: row.try_get("since")?,
                to_position: row.try_get("to_position")?,
                to: row.try_get("until")?,
                ended_by: row.try_get("ended_by")?,
            })
        })
        .collect()
}
