//! Puts sealed events back into the table, for a rebuild of the projections or an upgrade that needs one.

use std::path::PathBuf;

use super::archive::{ArchiveError, Archives};
use super::chain::genesis;
use super::columns::Columns;
use super::export::{Hash, Reader};
use super::row::LedgerRow;
use crate::domain::archive::Archive;
use crate::domain::event::LedgerUnsealed;
use crate::domain::token::Position;
use crate::log::{LogError, open_alone, read_archives, refuse_newer_schema, session_user, sql, unseal_ledger};

/// Events that go to the database at a time.
const PAGE: usize = 2000;

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsealed {
    pub first: Position,
    pub last: Position,
    pub events: u64,
    /// Of the event that records it.
    pub position: Position,
}

#[derive(Debug, thiserror::Error)]
pub enum UnsealError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error("{}", later(.0))]
    Later(Vec<Archive>),
}

fn later(missing: &[Archive]) -> String {
    let files = missing.iter().map(|archive| archive.file.as_str()).collect::<Vec<_>>().join(" ");
    format!("the table can have no holes, so what was sealed after it must come back with it: name {files} too")
}

/// Puts back what the files hold, all or nothing. The projections of another version may be there, because that is what it is for.
///
/// # Errors
/// Refuses files that are not exactly what was sealed, and any but the last of the series.
pub async fn unseal(database_url: &str, files: &[PathBuf], reason: Option<String>) -> Result<Unsealed, UnsealError> {
    let mut connection = open_alone(database_url).await?;
    refuse_newer_schema(&connection).await?;
    let actor = format!("{} via database", session_user(&connection).await?);
    let sealed = read_archives(&connection.client).await?;
    let firsts = files.iter().map(|file| Reader::first_position(file)).collect::<Result<Vec<_>, _>>().map_err(ArchiveError::from)?;
    let from = firsts.into_iter().min().unwrap_or(1);
    let (stay, back): (Vec<Archive>, Vec<Archive>) = sealed.into_iter().partition(|archive| archive.first < from);
    let mut archives = match Archives::open(files, back) {
        Ok(Some(archives)) => archives,
        Ok(None) => return Err(ArchiveError::Missing(Vec::new()).into()),
        Err(ArchiveError::Missing(missing)) => return Err(UnsealError::Later(missing)),
        Err(other) => return Err(other.into()),
    };
    let last = archives.last_position();
    let before = stay.last().map(|archive| Hash::try_from(archive.hash.clone())).transpose().map_err(LogError::inconsistent)?;

    let transaction = connection.client.transaction().await.map_err(LogError::from)?;
    let statement = transaction.prepare(sql::UNSEAL_EVENTS).await.map_err(LogError::from)?;
    let mut link = before.map_or_else(genesis, |hash| hash.0);
    let mut events = 0;
    loop {
        let page = page(&mut archives)?;
        if page.is_empty() {
            break;
        }
        let columns = Columns::of(&page)?;
        let row = transaction.query_one(&statement, &columns.after(&link)).await.map_err(LogError::from)?;
        link = row.try_get(0).map_err(LogError::from)?;
        events += page.len() as u64;
    }
    let position = unseal_ledger(&transaction, &LedgerUnsealed { first: from, last, reason }, &actor).await?;
    transaction.commit().await.map_err(LogError::from)?;
    Ok(Unsealed { first: from, last, events, position })
}

fn page(archives: &mut Archives) -> Result<Vec<LedgerRow>, ArchiveError> {
    let mut page = Vec::with_capacity(PAGE);
    while page.len() < PAGE
        && let Some(row) = archives.next_row()?
    {
        page.push(row);
    }
    Ok(page)
}
