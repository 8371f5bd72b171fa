//! Old ledger events leave the table for an archive file, or come back from one: each in a transaction with the event that says so.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_postgres::{GenericClient, Transaction};
use uuid::Uuid;

use super::{Connection, LogError, session_user, sql};
use crate::domain::archive::Archive;
use crate::domain::canonical::canonical;
use crate::domain::event::{Event, LedgerSealed, LedgerUnsealed};
use crate::domain::token::Position;

/// Up to where to seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    Position(Position),
    Time(DateTime<Utc>),
}

/// The last event that lies before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealEnd {
    pub position: Position,
    pub recorded_at: DateTime<Utc>,
    /// Whether it is older than events must be, by the database's clock.
    pub old_enough: bool,
}

/// The archives that hold what is not in the table, in order. None in a database that was never migrated to have any.
pub async fn read_archives(client: &impl GenericClient) -> Result<Vec<Archive>, LogError> {
    if !client.query_one(sql::HAS_ARCHIVES, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(Vec::new());
    }
    let rows = client.query(sql::LOAD_ARCHIVES, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Archive {
                first: row.try_get("first_position")?,
                last: row.try_get("last_position")?,
                events: u64::try_from(row.try_get::<_, i64>("events")?).map_err(LogError::inconsistent)?,
                hash: row.try_get("hash")?,
                file: row.try_get("file")?,
                sha256: row.try_get("sha256")?,
            })
        })
        .collect()
}

/// Whether events after a position are in an archive.
pub async fn is_sealed_after(connection: &Connection, after: Position) -> Result<bool, LogError> {
    Ok(read_archives(&connection.client).await?.last().is_some_and(|last| last.last > after))
}

/// Projections are worked out from all events, so they cannot be while some are away.
pub(super) async fn refuse_sealed(connection: &Connection) -> Result<(), LogError> {
    let archives = read_archives(&connection.client).await?;
    let (Some(first), Some(last)) = (archives.first(), archives.last()) else { return Ok(()) };
    let files = archives.iter().map(|archive| archive.file.as_str()).collect::<Vec<_>>().join(" ");
    Err(LogError::Unsuitable(format!(
        "the projections cannot be built anew while positions {} to {} of the log are sealed; run `conncentric unseal {files}` first",
        first.first, last.last
    )))
}

/// The last ledger event before a position or time.
pub async fn find_seal_end(connection: &Connection, before: Before, keep: Duration) -> Result<Option<SealEnd>, LogError> {
    let (position, time) = match before {
        Before::Position(position) => (Some(position), None),
        Before::Time(time) => (None, Some(time)),
    };
    let row = connection.client.query_opt(sql::SEAL_END, &[&position, &time, &keep.as_secs_f64()]).await?;
    row.map(|row| {
        Ok(SealEnd { position: row.try_get("position")?, recorded_at: row.try_get("recorded_at")?, old_enough: row.try_get("old_enough")? })
    })
    .transpose()
}

/// The hash of the ledger event at a position, if there is one in the table.
pub async fn ledger_hash_at(connection: &Connection, position: Position) -> Result<Option<Vec<u8>>, LogError> {
    let row = connection.client.query_opt(sql::SEAL_HASH, &[&position]).await?;
    Ok(row.map(|row| row.try_get("hash")).transpose()?)
}

/// Takes out of the table what an archive holds, and records it. Gives the position of the record.
///
/// # Errors
/// The database refuses what is not as the event says, and what is younger than `keep`. Then nothing has happened.
pub async fn seal_ledger(connection: &mut Connection, event: &LedgerSealed, keep: Duration) -> Result<Position, LogError> {
    let actor = actor(connection).await?;
    // A transaction of its own, so that nothing is committed for a program that has died meanwhile.
    let transaction = connection.client.transaction().await?;
    let (version, data) = stored(&event.clone().into())?;
    let row =
        transaction.query_one(sql::SEAL_LEDGER, &[&Uuid::now_v7(), &version, &actor, &Uuid::now_v7(), &data, &keep.as_secs_f64()]).await?;
    let position = row.try_get(0)?;
    transaction.commit().await?;
    Ok(position)
}

/// Records that the events which this transaction has put back are in the table again. Gives the position of the record.
///
/// # Errors
/// The database refuses if they are not exactly what was sealed.
pub async fn unseal_ledger(transaction: &Transaction<'_>, event: &LedgerUnsealed, actor: &str) -> Result<Position, LogError> {
    let (version, data) = stored(&event.clone().into())?;
    let row = transaction.query_one(sql::UNSEAL_LEDGER, &[&Uuid::now_v7(), &version, &actor, &Uuid::now_v7(), &data]).await?;
    Ok(row.try_get(0)?)
}

async fn actor(connection: &Connection) -> Result<String, LogError> {
    Ok(format!("{} via database", session_user(connection).await?))
}

fn stored(event: &Event) -> Result<(i16, String), LogError> {
    Ok((event.schema_version(), canonical(&event.data().map_err(LogError::inconsistent)?)))
}
