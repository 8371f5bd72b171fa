//! Reads the ledger from the event table in order, page by page, from one snapshot, so that it can run beside a live system.

use tokio_postgres::{IsolationLevel, Row, Transaction};

use super::row::LedgerRow;
use crate::domain::token::{Epoch, Position};
use crate::log::{Connection, LogError, sql};

/// Rows that one page brings: enough to keep the wire busy, few enough to stay small.
const PAGE: i64 = 5000;

/// A snapshot of the log. Whatever is appended later is not seen.
pub struct Snapshot<'a> {
    transaction: Transaction<'a>,
    statement: tokio_postgres::Statement,
    after: Position,
}

impl std::fmt::Debug for Snapshot<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("after", &self.after).finish_non_exhaustive()
    }
}

impl<'a> Snapshot<'a> {
    /// Begins to read after a position. Works on a standby too.
    pub async fn begin(connection: &'a mut Connection, after: Position) -> Result<Self, LogError> {
        let begin = connection.client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
        let transaction = begin.start().await?;
        let statement = transaction.prepare(sql::READ_LEDGER).await?;
        Ok(Self { transaction, statement, after })
    }

    /// The transaction, for other questions about the same snapshot.
    #[must_use]
    pub fn transaction(&self) -> &Transaction<'a> {
        &self.transaction
    }

    /// The next rows in order; none at the end.
    pub async fn next_page(&mut self) -> Result<Vec<LedgerRow>, LogError> {
        let rows = self.transaction.query(&self.statement, &[&self.after, &PAGE]).await?;
        let page: Vec<LedgerRow> = rows.iter().map(ledger_row).collect::<Result<_, _>>()?;
        if let Some(last) = page.last() {
            self.after = last.position;
        }
        Ok(page)
    }
}

fn ledger_row(row: &Row) -> Result<LedgerRow, LogError> {
    Ok(LedgerRow {
        position: row.try_get("position")?,
        epoch: Epoch(row.try_get("epoch")?),
        id: row.try_get("id")?,
        kind: row.try_get("type")?,
        schema_version: row.try_get("schema_version")?,
        stream: row.try_get("stream")?,
        recorded_at: row.try_get("recorded_at")?,
        actor: row.try_get("actor")?,
        request_id: row.try_get("request_id")?,
        cause: row.try_get("cause")?,
        data: row.try_get("data")?,
        hash: row.try_get("hash")?,
    })
}
