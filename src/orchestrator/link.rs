//! The core's connection to the log: opened again when it breaks, its statements prepared once for each connection.

use std::time::Duration;

use tokio_postgres::Statement;

use crate::domain::token::Position;
use crate::log::{
    Batch, Condition, Connection, Entry, LogError, Outcome, Purpose, check_schema, is_sealed_after, lock_head, read_tail, sql, unlock_head,
};

/// Entries that one read brings at most.
const PAGE: i64 = 5000;

/// Longest time that an append or a read may take before the connection is given up. The statement timeout of the server comes
/// first; this covers a server or network that has gone silent.
const PATIENCE: Duration = Duration::from_secs(7);

/// An open connection with its statements.
#[derive(Debug)]
pub(super) struct Link {
    pub connection: Connection,
    append: Statement,
    append_pulse: Statement,
    read_tail: Statement,
}

impl Link {
    pub(super) async fn open(database_url: &str) -> Result<Self, LogError> {
        let connection = Connection::open(database_url, Purpose::Append).await?;
        check_schema(&connection).await?;
        let append = connection.statement(sql::APPEND).await?;
        let append_pulse = connection.statement(sql::APPEND_PULSE).await?;
        let read_tail = connection.statement(sql::READ_TAIL).await?;
        Ok(Self { connection, append, append_pulse, read_tail })
    }

    pub(super) async fn append(&self, batch: &Batch, condition: &Condition) -> Result<Outcome, LogError> {
        match batch.only_pulse(condition) {
            Some(pulse) => patiently(pulse.append(&self.connection, &self.append_pulse, condition)).await,
            None => patiently(batch.append(&self.connection, &self.append, condition)).await,
        }
    }

    /// The next entries after a position, and whether there may be more.
    pub(super) async fn tail(&self, after: Position) -> Result<(Vec<Entry>, bool), LogError> {
        let entries = patiently(read_tail(&self.connection, &self.read_tail, after, PAGE)).await?;
        if has_gap(after, &entries) && is_sealed_after(&self.connection, after).await? {
            return Err(LogError::Sealed { after });
        }
        let full = i64::try_from(entries.len()).is_ok_and(|count| count >= PAGE);
        Ok((entries, full))
    }

    /// Keeps everybody else from appending until [`Self::unlock`] or the end of the connection.
    pub(super) async fn lock(&self) -> Result<(), LogError> {
        patiently(lock_head(&self.connection)).await
    }

    /// Commits what was appended under the lock.
    pub(super) async fn unlock(&self) -> Result<(), LogError> {
        patiently(unlock_head(&self.connection)).await
    }
}

/// Positions that hold nothing are those of pulses that were dropped, or of events that were sealed.
fn has_gap(after: Position, entries: &[Entry]) -> bool {
    let count = Position::try_from(entries.len()).unwrap_or(Position::MAX);
    entries.last().is_some_and(|last| last.position() - after != count)
}

async fn patiently<T>(work: impl Future<Output = Result<T, LogError>>) -> Result<T, LogError> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(LogError::Silent))
}
