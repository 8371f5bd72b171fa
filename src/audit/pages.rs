//! Rows of the log on their way while the ones before are worked on: a thread of its own folds them, so that neither waits.

use tokio::sync::mpsc;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Transaction};

use crate::log::{LogError, sql};

/// Rows of a page: enough to keep the wire busy, few enough to stay small.
const PAGE: i32 = 4000;

/// Pages that wait for whoever works on them.
const AHEAD: usize = 2;

/// What has been read and not been taken yet.
#[derive(Debug)]
pub(super) struct Pages(mpsc::Receiver<Vec<Row>>);

impl Iterator for Pages {
    type Item = Vec<Row>;

    /// Waits for the next page; none at the end, or when reading has failed.
    fn next(&mut self) -> Option<Vec<Row>> {
        self.0.blocking_recv()
    }
}

/// Runs a statement whose rows come in the order of positions, and gives them to `work`, which may end before they do.
pub(super) async fn read<T: Send + 'static>(
    transaction: &Transaction<'_>,
    statement: &str,
    parameters: &[&(dyn ToSql + Sync)],
    work: impl FnOnce(Pages) -> T + Send + 'static,
) -> Result<T, LogError> {
    let (pages, waiting) = mpsc::channel(AHEAD);
    let worker = tokio::task::spawn_blocking(move || work(Pages(waiting)));
    send(transaction, statement, parameters, pages).await?;
    worker.await.map_err(|error| LogError::Inconsistent(format!("the pass over the log ended early: {error}")))
}

/// Until there are no more rows, or nobody wants them.
async fn send(
    transaction: &Transaction<'_>,
    statement: &str,
    parameters: &[&(dyn ToSql + Sync)],
    pages: mpsc::Sender<Vec<Row>>,
) -> Result<(), LogError> {
    let statement = transaction.prepare(statement).await?;
    transaction.query_one(sql::READ_IN_ORDER, &[&"off"]).await?;
    let portal = transaction.bind(&statement, parameters).await?;
    transaction.query_one(sql::READ_IN_ORDER, &[&"on"]).await?;
    loop {
        let page = transaction.query_portal(&portal, PAGE).await?;
        if page.is_empty() || pages.send(page).await.is_err() {
            return Ok(());
        }
    }
}
