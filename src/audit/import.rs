//! Fills an empty log from rows that it once held: all of them or none.

use tokio_postgres::Transaction;
use uuid::Uuid;

use super::columns::Columns;
use super::row::LedgerRow;
use crate::domain::decide::Proposal;
use crate::domain::event::{LedgerUnsealed, PulsesDropped};
use crate::domain::token::{Epoch, Position};
use crate::log::{Batch, Condition, Connection, LogError, Outcome, PendingEvent, build_projections, read_archives, sql, unseal_ledger};

/// An import that is under way. Dropped, it leaves nothing.
pub struct Import<'a> {
    transaction: Transaction<'a>,
    statement: tokio_postgres::Statement,
}

impl std::fmt::Debug for Import<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Import").finish_non_exhaustive()
    }
}

/// The last position of a database that holds events; none for one that holds none, migrated or not.
pub async fn holds_events(connection: &Connection) -> Result<Option<Position>, LogError> {
    let migrated: bool = connection.client.query_one(sql::HAS_LOG, &[]).await?.try_get(0)?;
    if !migrated {
        return Ok(None);
    }
    let position: Position = connection.client.query_one(sql::READ_HEAD, &[]).await?.try_get("position")?;
    Ok((position > 0).then_some(position))
}

impl<'a> Import<'a> {
    /// Begins on a migrated database, as its owner. From here on nobody else appends.
    pub async fn begin(connection: &'a mut Connection) -> Result<Self, LogError> {
        let transaction = connection.client.transaction().await?;
        let position: Position = transaction.query_one(sql::LOCK_HEAD, &[]).await?.try_get("position")?;
        if position > 0 {
            return Err(refuse(position));
        }
        let statement = transaction.prepare(sql::IMPORT_EVENTS).await?;
        Ok(Self { transaction, statement })
    }

    /// Takes the next rows, in order.
    pub async fn add(&self, rows: &[LedgerRow]) -> Result<(), LogError> {
        let columns = Columns::of(rows)?;
        self.transaction.query_one(&self.statement, &columns.parameters()).await?;
        Ok(())
    }

    /// Sets the head to where the log had got, records that its pulses did not come along, and builds the projections.
    ///
    /// Gives how many pulses are missing.
    pub async fn finish(self, epoch: Epoch, head_position: Position) -> Result<u64, LogError> {
        self.transaction.query_one(sql::IMPORT_HEAD, &[&epoch.0, &head_position]).await?;
        let missing = self.record_missing_pulses(epoch).await?;
        build_projections(&self.transaction, "projection").await?;
        self.record_what_is_back().await?;
        self.transaction.batch_execute(sql::GRANT).await?;
        self.transaction.commit().await?;
        Ok(missing)
    }

    /// The files may say that a part of them was sealed. Here all of it is in the table.
    async fn record_what_is_back(&self) -> Result<(), LogError> {
        let archives = read_archives(&self.transaction).await?;
        let (Some(first), Some(last)) = (archives.first(), archives.last()) else { return Ok(()) };
        let user: String = self.transaction.query_one(sql::SESSION_USER, &[]).await?.try_get(0)?;
        let event = LedgerUnsealed { first: first.first, last: last.last, reason: Some("imported".into()) };
        unseal_ledger(&self.transaction, &event, &format!("{user} via database")).await?;
        Ok(())
    }

    async fn record_missing_pulses(&self, epoch: Epoch) -> Result<u64, LogError> {
        let Some(row) = self.transaction.query_opt(sql::IMPORT_MISSING_PULSES, &[]).await? else { return Ok(0) };
        let count = u64::try_from(row.try_get::<_, i64>("count")?).map_err(LogError::inconsistent)?;
        let event = PulsesDropped { first: row.try_get("first")?, last: row.try_get("last")?, count, partition: None };
        let head = self.transaction.query_one(sql::READ_HEAD, &[]).await?;
        let condition = Condition { epoch, ledger_position: head.try_get("ledger_position")?, position: None };
        let user: String = self.transaction.query_one(sql::SESSION_USER, &[]).await?.try_get(0)?;
        let pending = PendingEvent {
            id: Uuid::now_v7(),
            proposal: Proposal { event: event.into(), cause: None },
            actor: format!("{user} via database"),
            request_id: Some(Uuid::now_v7()),
        };
        let append = self.transaction.prepare(sql::APPEND).await?;
        let batch = Batch { events: vec![pending], pulse: None };
        match batch.append_within(&self.transaction, &append, &condition).await? {
            Outcome::Appended(_) => Ok(count),
            outcome => Err(LogError::Inconsistent(format!("the end of the import cannot be recorded: {outcome:?}"))),
        }
    }
}

/// What is said of a database that is not empty.
#[must_use]
pub fn refuse(position: Position) -> LogError {
    LogError::Unsuitable(format!("the database holds events already, up to position {position}; import into an empty one"))
}
