//! Archive files beside the table: the part of the ledger that is sealed, read before what is still there.

use std::path::{Path, PathBuf};

use super::export::{FilePart, Problem, Reader};
use super::row::LedgerRow;
use crate::domain::archive::Archive;
use crate::domain::token::Position;
use crate::log::LogError;

/// Why the sealed part of a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("{}", missing(.0))]
    Missing(Vec<Archive>),
    #[error("nothing of this log is sealed, so all of it is in the database: leave out {}", .0.display())]
    NothingSealed(PathBuf),
    #[error("{} begins at position {first}, and nothing is sealed from there on: it is of another ledger, or was unsealed", .file.display())]
    Unknown { file: PathBuf, first: Position },
    #[error("{} and {} begin at the same position; name each file once", .0.display(), .1.display())]
    Twice(PathBuf, PathBuf),
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The events are as they were sealed, and make no sense.
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("{} is not the archive of positions {} to {} that was sealed as {}: {problem}", .file.display(), .archive.first, .archive.last, .archive.file)]
    Another { file: PathBuf, archive: Box<Archive>, problem: String },
}

/// Names what is needed in a way in which it can be found and recognised.
fn missing(archives: &[Archive]) -> String {
    let one = |archive: &Archive| {
        let Archive { first, last, file, sha256, .. } = archive;
        format!("positions {first} to {last} are sealed, in the file {file} (SHA-256 {sha256})")
    };
    let needed = archives.iter().map(one).collect::<Vec<_>>().join("; ");
    let files = archives.iter().map(|archive| archive.file.as_str()).collect::<Vec<_>>().join(" ");
    format!("{needed}; name it with --archive {files}")
}

/// The sealed part of a log, event by event.
#[derive(Debug)]
pub struct Archives {
    reader: Option<Reader>,
    sealed: Vec<Archive>,
}

impl Archives {
    /// Opens the files that hold what is sealed, in whatever order they were named. None if nothing is sealed.
    ///
    /// # Errors
    /// Says which files are missing, or are too many.
    pub fn open(files: &[PathBuf], sealed: Vec<Archive>) -> Result<Option<Self>, ArchiveError> {
        let (Some(_), files) = (sealed.first(), by_first_position(files)?) else {
            return files.first().map_or(Ok(None), |file| Err(ArchiveError::NothingSealed(file.clone())));
        };
        if let Some((first, file)) = files.iter().find(|(first, _)| !sealed.iter().any(|archive| archive.first == *first)) {
            return Err(ArchiveError::Unknown { file: file.clone(), first: *first });
        }
        let absent = |archive: &&Archive| !files.iter().any(|(first, _)| *first == archive.first);
        let missing: Vec<Archive> = sealed.iter().filter(absent).cloned().collect();
        if !missing.is_empty() {
            return Err(ArchiveError::Missing(missing));
        }
        let files: Vec<PathBuf> = files.into_iter().map(|(_, file)| file).collect();
        Ok(Some(Self { reader: Some(Reader::without_fold(&files)), sealed }))
    }

    /// The last position that is sealed.
    #[must_use]
    pub fn last_position(&self) -> Position {
        self.sealed.last().map_or(0, |archive| archive.last)
    }

    /// Whether an archive ends at a position.
    #[must_use]
    pub fn is_end(&self, position: Position) -> bool {
        self.sealed.binary_search_by_key(&position, |archive| archive.last).is_ok()
    }

    /// The next event. None at the end, which is given only if the files are those that were sealed.
    ///
    /// # Errors
    /// Names the file, the line and the position of what is wrong.
    pub fn next_row(&mut self) -> Result<Option<LedgerRow>, ArchiveError> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let row = reader.next_row()?;
        if row.is_none()
            && let Some(reader) = self.reader.take()
        {
            let parts = reader.ledger()?.parts;
            parts.iter().zip(&self.sealed).try_for_each(|(part, archive)| compare(part, archive))?;
        }
        Ok(row)
    }
}

fn by_first_position(files: &[PathBuf]) -> Result<Vec<(Position, PathBuf)>, ArchiveError> {
    let first = |file: &PathBuf| Ok((Reader::first_position(file)?, file.clone()));
    let mut files = files.iter().map(first).collect::<Result<Vec<_>, Problem>>()?;
    files.sort_by_key(|(first, _)| *first);
    let pairs = files.iter().zip(files.iter().skip(1));
    match pairs.into_iter().find(|(one, other)| one.0 == other.0) {
        Some((one, other)) => Err(ArchiveError::Twice(one.1.clone(), other.1.clone())),
        None => Ok(files),
    }
}

fn compare(part: &FilePart, archive: &Archive) -> Result<(), ArchiveError> {
    let problem = if part.last_position != archive.last {
        format!("it ends at position {}", part.last_position)
    } else if part.count != archive.events {
        format!("it holds {} events, and {} were sealed", part.count, archive.events)
    } else if part.hash.to_string() != archive.hash {
        format!("its last hash is {}, and {} was sealed", part.hash, archive.hash)
    } else if part.sha256.to_string() != archive.sha256 {
        format!("its SHA-256 is {}, and {} was written down", part.sha256, archive.sha256)
    } else {
        return Ok(());
    };
    Err(ArchiveError::Another { file: part.file.clone(), archive: Box::new(archive.clone()), problem })
}

/// The name under which a file is written down.
///
/// # Errors
/// Says why it cannot be.
pub fn name_of(file: &Path) -> Result<String, String> {
    let name = file.file_name().and_then(|name| name.to_str()).ok_or("the name of the file is not text")?;
    crate::domain::archive::check_file_name(name)?;
    Ok(name.to_owned())
}
