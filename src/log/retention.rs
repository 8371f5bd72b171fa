//! Drops old pulses, a partition at a time, and records it in the same transaction.

use std::time::Duration;

use tokio_postgres::error::SqlState;

use super::{Batch, Condition, Connection, LogError, Outcome, sql};
use crate::domain::command::DropPulses;

/// Key of the advisory lock that whoever drops pulses holds.
const RETENTION_LOCK: i64 = 0x636f_6e6e_7075_6c73;

/// What a try came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    Done,
    /// The log was not where the batch was decided on, or somebody else is at it.
    Raced,
    /// Somebody reads the table, and dropping would have made everybody wait for them.
    Busy,
}

/// The oldest partition whose pulses are all older than `retention`, by the database's clock, and which no pulse can come into.
pub async fn find_old_pulses(connection: &Connection, retention: Duration) -> Result<Option<DropPulses>, LogError> {
    let oldest = connection.client.query_opt(sql::DROPPABLE_PULSES, &[&retention.as_secs_f64()]).await?;
    let Some(partition) = oldest.map(|row| row.try_get::<_, i64>("number")).transpose()? else { return Ok(None) };
    let row = connection.client.query_one(sql::PULSES_OF_PARTITION, &[&partition]).await?;
    let count: i64 = row.try_get("count")?;
    let count = u64::try_from(count).map_err(LogError::inconsistent)?;
    // Another orchestrator may have dropped it since.
    let ends: (Option<i64>, Option<i64>) = (row.try_get("first")?, row.try_get("last")?);
    Ok(ends.0.zip(ends.1).map(|(first, last)| DropPulses { partition, first, last, count }))
}

/// Drops a partition and appends the batch that records it: both or neither.
pub async fn drop_pulses(connection: &mut Connection, partition: i64, batch: &Batch, condition: &Condition) -> Result<Dropped, LogError> {
    let transaction = connection.client.transaction().await?;
    let alone: bool = transaction.query_one(sql::TRY_RETENTION_LOCK, &[&RETENTION_LOCK]).await?.try_get(0)?;
    if !alone {
        return Ok(Dropped::Raced);
    }
    let append = transaction.prepare(sql::APPEND).await?;
    if !matches!(batch.append_within(&transaction, &append, condition).await?, Outcome::Appended(_)) {
        return Ok(Dropped::Raced);
    }
    match transaction.query_one(sql::DROP_PULSES, &[&partition]).await {
        Ok(_) => {}
        Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => return Ok(Dropped::Busy),
        Err(error) => return Err(error.into()),
    }
    transaction.commit().await?;
    Ok(Dropped::Done)
}
