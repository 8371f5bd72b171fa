//! Verifies a database by its address: connections, and one snapshot for all of them.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_postgres::{IsolationLevel, Transaction};

use super::report::Report;
use super::{Meter, Rebuild, verify, verify_with};
use crate::audit::archive::{ArchiveError, Archives};
use crate::log::{Connection, LogError, Purpose, check_own_schema, read_archives, sql};

/// Why a log was not verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl From<tokio_postgres::Error> for VerifyError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Log(error.into())
    }
}

/// Verifies a live database, a standby, or a restored backup. `rebuild` asks for the third way too.
///
/// # Errors
/// Fails if the database cannot be reached or read, or is not one that this program knows. What it holds is no error.
pub async fn verify_database(database_url: &str, rebuild: bool, meter: &Arc<Meter>) -> Result<Report, VerifyError> {
    Box::pin(verify_with_archives(database_url, &[], rebuild, meter)).await
}

/// The same together with the archives of what is sealed.
///
/// # Errors
/// Fails if the database cannot be reached or read, or is not one that this program knows. What it holds is no error.
pub async fn verify_with_archives(
    database_url: &str,
    archives: &[PathBuf],
    rebuild: bool,
    meter: &Arc<Meter>,
) -> Result<Report, VerifyError> {
    // Beside the tasks that drive its connections: whoever waits on another thread is woken for every few rows, and that costs.
    let mut task = JoinSet::new();
    task.spawn(Box::pin(open(database_url.to_owned(), archives.to_vec(), rebuild, meter.clone())));
    let ended = || LogError::Inconsistent("the verification ended early".into());
    task.join_next().await.ok_or_else(ended)?.map_err(|_| ended())?
}

async fn open(database_url: String, archives: Vec<PathBuf>, rebuild: bool, meter: Arc<Meter>) -> Result<Report, VerifyError> {
    let (database_url, meter) = (database_url.as_str(), &meter);
    let mut reading = Connection::open(database_url, Purpose::Read).await?;
    check_own_schema(&reading).await?;
    let row = reading.client.query_one(sql::VERIFY_STANDBY, &[]).await?;
    let (standby, may_create): (bool, bool) = (row.try_get(0)?, row.try_get(1)?);
    let snapshot = reading.client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true).start().await?;
    snapshot.batch_execute(sql::VERIFY_HOLD).await?;
    snapshot.query_one(sql::VERIFY_SETTINGS, &[]).await?;
    if let Some(archives) = Archives::open(&archives, read_archives(&snapshot).await?)? {
        let why = format!("what is sealed, up to position {}, is not in the database", archives.last_position());
        return Ok(Box::pin(verify_with(&snapshot, Some(archives), Rebuild::Skipped(&why), meter)).await?);
    }
    if standby {
        return Ok(verify(&snapshot, Rebuild::Skipped("a standby is read-only"), meter).await?);
    }
    if !rebuild {
        return Ok(verify(&snapshot, Rebuild::Skipped("left out with --no-rebuild"), meter).await?);
    }
    if !may_create {
        let problem = "this user may not make the scratch schema for rebuilding the projections; connect as the owner of the database, \
                       or leave that part out with --no-rebuild";
        return Err(LogError::Unsuitable(problem.into()).into());
    }
    let mut first = Connection::open(database_url, Purpose::Read).await?;
    let mut second = Connection::open(database_url, Purpose::Read).await?;
    let mut third = Connection::open(database_url, Purpose::Read).await?;
    let id: String = snapshot.query_one(sql::VERIFY_SNAPSHOT, &[]).await?.try_get(0)?;
    let first = same_snapshot(&mut first, &id).await?;
    let second = same_snapshot(&mut second, &id).await?;
    let third = same_snapshot(&mut third, &id).await?;
    Ok(verify(&snapshot, Rebuild::Beside([&first, &second, &third]), meter).await?)
}

/// A transaction that sees exactly what the other one sees, and may write. Nobody commits it.
async fn same_snapshot<'a>(connection: &'a mut Connection, id: &str) -> Result<Transaction<'a>, LogError> {
    if !id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
        return Err(LogError::Inconsistent(format!("a snapshot named {}", id.escape_debug())));
    }
    let transaction = connection.client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).start().await?;
    // The one statement that takes no parameters and must come before every other.
    transaction.batch_execute(&format!("set transaction snapshot '{id}'")).await?;
    transaction.query_one(sql::VERIFY_SETTINGS, &[]).await?;
    Ok(transaction)
}
