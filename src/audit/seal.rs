//! Seals the old part of a log: into a file first, which is checked, and only then out of the table.
//!
//! Whatever happens on the way, the events are in the file or in the table or in both. A file that a run left behind is taken up again
//! by the next.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

use super::archive::name_of;
use super::chain::genesis;
use super::export::{ExportError, FilePart, Hash, Problem, Range, Signing, check_file, export_to_file};
use crate::domain::archive::Archive;
use crate::domain::event::LedgerSealed;
use crate::domain::token::Position;
use crate::log::{Before, Connection, LogError, check_own_schema, find_seal_end, ledger_hash_at, open_alone, read_archives, seal_ledger};

/// What to seal, and where to.
#[derive(Debug)]
pub struct Sealing {
    pub before: Before,
    /// Younger events stay.
    pub keep: Duration,
    pub file: PathBuf,
    pub signing: Option<Signing>,
    pub reason: Option<String>,
}

/// What was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    pub archive: Archive,
    /// Of the event that records it.
    pub position: Position,
    /// Whether the file was there already, left behind by a run that did not come to its end.
    pub resumed: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error("{0}")]
    Name(String),
    #[error("there is nothing to seal: the first event in the table is not before that")]
    Nothing,
    #[error("there is nothing to seal: events up to position {0} are sealed already, and none lies between them and that")]
    NothingMore(Position),
    #[error(
        "position {position} was recorded at {}, and events stay for --keep {} at least, because repeated requests are looked for \
         among them; seal less with --before TIME",
        .recorded_at.to_rfc3339_opts(SecondsFormat::Secs, true), humantime::format_duration(*.keep)
    )]
    TooYoung { position: Position, recorded_at: DateTime<Utc>, keep: Duration },
    #[error("{} is there already and is no archive that could be taken up: {problem}; name another file", .file.display())]
    Occupied { file: PathBuf, problem: String },
    #[error("the archive does not read back as it was written, so nothing was removed: {0}")]
    Unsound(#[from] Problem),
    #[error("{} is not what the table holds, so nothing was removed: {problem}", .file.display())]
    Differs { file: PathBuf, problem: String },
}

/// Seals, as the owner of the database.
///
/// # Errors
/// Refuses what is too young, or is not in the file exactly as in the table. Then everything stays where it is.
pub async fn seal(database_url: &str, sealing: &Sealing) -> Result<Sealed, SealError> {
    let name = name_of(&sealing.file).map_err(SealError::Name)?;
    // Nobody rebuilds projections meanwhile: that needs the events.
    let mut connection = open_alone(database_url).await?;
    check_own_schema(&connection).await?;
    let archives = read_archives(&connection.client).await?;
    let first = archives.last().map_or(1, |last| last.last + 1);
    let last = last_position(&connection, sealing, first).await?;

    let resumed = sealing.file.exists();
    let part = if resumed {
        left_behind(&sealing.file, first, last)?
    } else {
        let range = Range { from: first, to: Some(last) };
        export_to_file(&mut connection, range, sealing.signing.as_ref(), &sealing.file).await?;
        read_back(&sealing.file)?
    };
    agree(&connection, &part, first, archives.last()).await?;

    let archive = Archive {
        first,
        last: part.last_position,
        events: part.count,
        hash: part.hash.to_string(),
        file: name,
        sha256: part.sha256.to_string(),
    };
    let event = LedgerSealed::new(archive.clone(), sealing.reason.clone());
    let position = seal_ledger(&mut connection, &event, sealing.keep).await?;
    Ok(Sealed { archive, position, resumed })
}

/// The last position that is to be sealed.
async fn last_position(connection: &Connection, sealing: &Sealing, first: Position) -> Result<Position, SealError> {
    let end = find_seal_end(connection, sealing.before, sealing.keep).await?;
    match end.filter(|end| end.position >= first) {
        Some(end) if end.old_enough => Ok(end.position),
        Some(end) => Err(SealError::TooYoung { position: end.position, recorded_at: end.recorded_at, keep: sealing.keep }),
        None if first > 1 => Err(SealError::NothingMore(first - 1)),
        None => Err(SealError::Nothing),
    }
}

/// A file that a run wrote which ended before the events were removed. It may hold less than would be sealed now, never more.
fn left_behind(file: &Path, first: Position, last: Position) -> Result<FilePart, SealError> {
    let occupied = |problem: String| SealError::Occupied { file: file.to_owned(), problem };
    let part = read_back(file).map_err(|error| occupied(error.to_string()))?;
    if part.first_position != first {
        return Err(occupied(format!("it begins at position {}, and sealing goes on at {first}", part.first_position)));
    }
    if part.last_position > last || part.count == 0 {
        return Err(occupied(format!("it ends at position {}, and {last} is the last that is to be sealed", part.last_position)));
    }
    Ok(part)
}

/// Everything that `verify --file` looks at.
fn read_back(file: &Path) -> Result<FilePart, Problem> {
    let ledger = check_file(&[file.to_owned()], None)?;
    let none = || Problem { file: file.to_owned(), line: 0, position: 0, exact: false, problem: "it holds nothing".into() };
    ledger.parts.into_iter().next_back().ok_or_else(none)
}

/// Both ends of the file are where they belong in the chain, so everything between them is too.
async fn agree(connection: &Connection, part: &FilePart, first: Position, before: Option<&Archive>) -> Result<(), SealError> {
    let previous = before.map_or_else(|| Hash(genesis()).to_string(), |archive| archive.hash.clone());
    let in_the_table = ledger_hash_at(connection, part.last_position).await?;
    let problem = if part.first_position != first || part.previous_hash.to_string() != previous {
        "it does not begin where the archive before it ends".to_owned()
    } else if in_the_table.as_ref() != Some(&part.hash.0) {
        format!("the event at position {} has another hash", part.last_position)
    } else {
        return Ok(());
    };
    Err(SealError::Differs { file: part.file.clone(), problem })
}
