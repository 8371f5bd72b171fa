//! Builds the projections anew from the log while the system runs.
//!
//! They are built beside the live ones, in steps that hold no lock which an append needs. Only the last few events are applied
//! while the head is held, in the transaction that puts the new ones in the place of the old.

use std::time::Duration;

use tokio_postgres::error::SqlState;

use super::migrate::{make_projections, open_alone, remember_projections};
use super::seal::refuse_sealed;
use super::{Connection, LogError, check_own_schema, read_head, sql};
use crate::domain::token::Position;

/// Ledger positions that one step covers.
const STEP: Position = 20_000;

/// How far behind the head the new projections may be when the switch is tried: so little that nobody notices the pause.
const CLOSE: Position = 200;

/// The switch waits this long at most for readers of the old tables, because everybody who appends waits with it.
const SWITCH_PATIENCE: &str = "set local lock_timeout = '300ms'";

/// Pause before the switch is tried again, in which appends and readers go on.
const NEXT_TRY: Duration = Duration::from_millis(500);

/// How far a rebuild has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Everything up to this position is applied.
    pub done: Position,
    /// The last ledger position, as far as is known.
    pub of: Position,
}

/// Builds the projections of a migrated database anew, and says how far it is after every step.
pub async fn rebuild(database_url: &str, told: impl FnMut(Progress)) -> Result<Progress, LogError> {
    let mut connection = open_alone(database_url).await?;
    check_own_schema(&connection).await?;
    refuse_sealed(&connection).await?;
    rebuild_projections(&mut connection, told).await
}

/// The same on a connection that nobody else rebuilds beside.
pub(super) async fn rebuild_projections(connection: &mut Connection, mut told: impl FnMut(Progress)) -> Result<Progress, LogError> {
    let making = connection.client.transaction().await?;
    make_projections(&making, "projection_next").await?;
    making.commit().await?;
    let mut done = 0;
    loop {
        let of = read_head(connection).await?.ledger_position;
        told(Progress { done, of });
        if of - done <= CLOSE {
            match switch(connection, done).await {
                Ok(done) => {
                    told(done);
                    return Ok(done);
                }
                Err(error) if is_in_the_way(&error) => {
                    tracing::info!("somebody is reading the old projections; the switch is tried again");
                    tokio::time::sleep(NEXT_TRY).await;
                }
                Err(error) => return Err(error),
            }
        } else {
            let upto = of.min(done + STEP);
            connection.client.query_one(sql::APPLY_NEXT, &[&(done + 1), &upto]).await?;
            done = upto;
        }
    }
}

async fn switch(connection: &mut Connection, done: Position) -> Result<Progress, LogError> {
    let transaction = connection.client.transaction().await?;
    transaction.batch_execute(SWITCH_PATIENCE).await?;
    transaction.query_one(sql::LOCK_HEAD, &[]).await?;
    let of: Position = transaction.query_one(sql::READ_HEAD, &[]).await?.try_get("ledger_position")?;
    transaction.query_one(sql::APPLY_NEXT, &[&(done + 1), &of]).await?;
    transaction.batch_execute("select switch_projection()").await?;
    remember_projections(&transaction).await?;
    transaction.commit().await?;
    Ok(Progress { done: of, of })
}

fn is_in_the_way(error: &LogError) -> bool {
    matches!(error, LogError::Database(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE))
}
