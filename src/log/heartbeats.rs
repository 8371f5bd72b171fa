//! The heartbeats of one pod, from the pulses that are kept.

use super::{Connection, LogError, sql};
use crate::domain::name::RegistrationId;
use crate::domain::token::Position;
use crate::wire::heartbeat::HeartbeatView;

/// How many positions are looked at for them: hours of a quiet system, and a minute of a very busy one.
const LOOK_BACK: Position = 50_000;

/// Heartbeats of a registration up to a position, newest first.
pub async fn read_heartbeats(
    connection: &Connection,
    registration: RegistrationId,
    until: Position,
    limit: i64,
) -> Result<Vec<HeartbeatView>, LogError> {
    let after = until.saturating_sub(LOOK_BACK);
    let rows = connection.client.query(sql::READ_HEARTBEATS, &[&registration.0, &after, &until, &limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(HeartbeatView {
                position: row.try_get("position")?,
                recorded_at: row.try_get("recorded_at")?,
                sequence: i64::from(row.try_get::<_, i32>("sequence")?),
                recorded_by: row.try_get("recorded_by")?,
            })
        })
        .collect()
}
