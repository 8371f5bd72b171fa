//! Which history the log is on: where its epoch began, where the database is now, and the beginning of another epoch.

use chrono::{DateTime, Utc};
use tokio_postgres::GenericClient;
use uuid::Uuid;

use super::{Appended, Batch, Condition, Connection, LogError, Outcome, sql};
use crate::domain::token::{Epoch, Position};

/// What a copy of a database does not share with it. Absent where the server does not tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lineage {
    /// The cluster's system identifier and the number of the database in it. A restored dump has another one.
    pub database: Option<String>,
    /// Another one after the promotion of a standby and after a recovery to a point in time.
    pub timeline: Option<i64>,
}

/// What the head says of the present epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// What the epoch began in.
    pub lineage: Lineage,
    /// What receipts are signed with.
    pub receipt_key: Vec<u8>,
    /// The database's clock.
    pub now: DateTime<Utc>,
}

/// Where the database is now. What the server refuses to tell is left out: managed services hide some of it.
pub async fn read_lineage(client: &impl GenericClient) -> Result<Lineage, LogError> {
    let database = told(client.query_one(sql::READ_DATABASE, &[]).await)?;
    let timeline = told(client.query_one(sql::READ_TIMELINE, &[]).await)?;
    Ok(Lineage {
        database: database.map(|row| row.try_get("database")).transpose()?,
        timeline: timeline.map(|row| row.try_get("timeline")).transpose()?,
    })
}

fn told<T>(answer: Result<T, tokio_postgres::Error>) -> Result<Option<T>, LogError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code().is_some() && !error.is_closed() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub async fn read_marks(client: &impl GenericClient) -> Result<Marks, LogError> {
    let row = client.query_one(sql::READ_EPOCH, &[]).await?;
    let lineage = Lineage { database: row.try_get("database")?, timeline: row.try_get("timeline")? };
    Ok(Marks { lineage, receipt_key: row.try_get("receipt_key")?, now: row.try_get("now")? })
}

/// The id of the ledger event at a position, if there is one.
pub async fn event_id_at(connection: &Connection, position: Position) -> Result<Option<Uuid>, LogError> {
    let row = connection.client.query_opt(sql::EVENT_ID_AT, &[&position]).await?;
    Ok(row.map(|row| row.try_get("id")).transpose()?)
}

/// The position at which the first epoch after this one began, if one has.
pub async fn first_of_later_epoch(connection: &Connection, epoch: Epoch) -> Result<Option<Position>, LogError> {
    Ok(connection.client.query_one(sql::FIRST_OF_LATER_EPOCH, &[&epoch.0]).await?.try_get(0)?)
}

/// Whether a ledger event stands in the log where it stood. What was sealed since is not lost: of it the time and the epoch are compared.
pub async fn event_stands(
    connection: &Connection,
    position: Position,
    id: Uuid,
    epoch: Epoch,
    recorded_at: DateTime<Utc>,
) -> Result<bool, LogError> {
    let row = connection.client.query_one(sql::EVENT_STANDS, &[&position, &id, &epoch.0, &recorded_at]).await?;
    Ok(row.try_get("stands")?)
}

/// Marks a log whose first epoch began before anybody asked where.
pub(super) async fn identify(connection: &Connection) -> Result<(), LogError> {
    let lineage = read_lineage(&connection.client).await?;
    connection.client.execute(sql::IDENTIFY, &[&lineage.database, &lineage.timeline]).await?;
    Ok(())
}

/// Begins an epoch with a batch that says so, if the log is where it was decided on. Nothing if somebody was first.
pub async fn begin_epoch(
    connection: &mut Connection,
    decided_on: &Condition,
    epoch: Epoch,
    lineage: &Lineage,
    batch: &Batch,
) -> Result<Option<Appended>, LogError> {
    let transaction = connection.client.transaction().await?;
    let (old, ledger) = (decided_on.epoch.0, decided_on.ledger_position);
    let begun = transaction.query_one(sql::BEGIN_EPOCH, &[&old, &ledger, &epoch.0, &lineage.database, &lineage.timeline]).await?;
    if !begun.try_get::<_, bool>("begun")? {
        return Ok(None);
    }
    let append = transaction.prepare(sql::APPEND).await?;
    let condition = Condition { epoch, ..*decided_on };
    match batch.append_within(&transaction, &append, &condition).await? {
        Outcome::Appended(appended) => {
            transaction.commit().await?;
            Ok(Some(appended))
        }
        Outcome::Conflict | Outcome::Carried(_) => Ok(None),
    }
}
