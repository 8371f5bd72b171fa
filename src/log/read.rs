//! Reads the log in order, for those who fold it.

use chrono::{DateTime, Utc};
use postgres_types::{FromSql, Type};
use tokio_postgres::{Row, Statement};
use uuid::Uuid;

use super::{Connection, LogError, sql};
use crate::domain::event::{Event, Recorded};
use crate::domain::name::RegistrationId;
use crate::domain::token::{Epoch, Position};

/// Where the log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub epoch: Epoch,
    pub position: Position,
    pub ledger_position: Position,
    pub recorded_at: DateTime<Utc>,
}

/// The heartbeats that one flush of an orchestrator recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulse {
    pub position: Position,
    pub recorded_at: DateTime<Utc>,
    pub registrations: Vec<RegistrationId>,
}

/// One row of the event table.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    Ledger(Box<Recorded>),
    Pulse(Pulse),
}

impl Entry {
    #[must_use]
    pub fn position(&self) -> Position {
        match self {
            Self::Ledger(recorded) => recorded.position,
            Self::Pulse(pulse) => pulse.position,
        }
    }
}

pub async fn read_head(connection: &Connection) -> Result<Head, LogError> {
    let row = connection.client.query_one(sql::READ_HEAD, &[]).await?;
    Ok(Head {
        epoch: Epoch(row.try_get("epoch")?),
        position: row.try_get("position")?,
        ledger_position: row.try_get("ledger_position")?,
        recorded_at: row.try_get("recorded_at")?,
    })
}

/// Begins a transaction and keeps everybody else from appending, until [`unlock_head`] or the end of the connection.
pub async fn lock_head(connection: &Connection) -> Result<(), LogError> {
    connection.client.batch_execute("begin").await?;
    connection.client.query_one(sql::LOCK_HEAD, &[]).await?;
    Ok(())
}

/// Commits what was appended under the lock.
pub async fn unlock_head(connection: &Connection) -> Result<(), LogError> {
    Ok(connection.client.batch_execute("commit").await?)
}

/// The entries after a position, in order, at most `limit` of them. `statement` is prepared from [`sql::READ_TAIL`].
pub async fn read_tail(connection: &Connection, statement: &Statement, after: Position, limit: i64) -> Result<Vec<Entry>, LogError> {
    let rows = connection.client.query(statement, &[&after, &limit]).await?;
    rows.iter().map(entry).collect()
}

/// The ledger events of one request, in order.
pub async fn find_request(connection: &Connection, request_id: Uuid) -> Result<Vec<Recorded>, LogError> {
    let rows = connection.client.query(sql::FIND_REQUEST, &[&request_id]).await?;
    rows.iter().map(recorded).collect()
}

fn entry(row: &Row) -> Result<Entry, LogError> {
    match row.try_get::<_, Option<Vec<i32>>>("registrations")? {
        None => Ok(Entry::Ledger(Box::new(recorded(row)?))),
        Some(registrations) => Ok(Entry::Pulse(Pulse {
            position: row.try_get("position")?,
            recorded_at: row.try_get("recorded_at")?,
            registrations: registrations.into_iter().map(RegistrationId).collect(),
        })),
    }
}

/// A ledger event, of statements whose first columns are the same ten in the same order: looking for names takes as long as the rest.
pub fn recorded(row: &Row) -> Result<Recorded, LogError> {
    let kind: &str = row.try_get(3)?;
    let version: i16 = row.try_get(4)?;
    let data: JsonText<'_> = row.try_get(9)?;
    Ok(Recorded {
        position: row.try_get(0)?,
        epoch: Epoch(row.try_get(1)?),
        id: row.try_get(2)?,
        recorded_at: row.try_get(5)?,
        actor: row.try_get(6)?,
        request_id: row.try_get(7)?,
        cause: row.try_get(8)?,
        event: Event::read(kind, version, data.0)?,
    })
}

/// The text of a jsonb column, parsed straight into an event without a tree in between.
struct JsonText<'a>(&'a [u8]);

impl<'a> FromSql<'a> for JsonText<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        // Binary jsonb is a version byte, then the text.
        match raw.split_first() {
            Some((1, text)) => Ok(Self(text)),
            _ => Err("jsonb of an unknown version".into()),
        }
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::JSONB
    }
}
