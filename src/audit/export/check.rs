//! Reads exports and believes nothing: every line must be one that an export writes, in its place, with its hash, and the file
//! must end as it says.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use ed25519_dalek::VerifyingKey;
use sha2::{Digest, Sha256};

use super::format::{End, Hash, Header, Line, SignedHead};
use super::key;
use crate::audit::chain::{genesis, link};
use crate::audit::row::LedgerRow;
use crate::domain::event::Recorded;
use crate::domain::evolve::evolve;
use crate::domain::fleet::Fleet;
use crate::domain::token::{Epoch, Position};

/// Longest line that is read, in bytes: far above the largest event, and far below what would harm.
const MAX_LINE: u64 = 64 << 20;

/// What is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}, line {line}, {} position {position}: {problem}", .file.display(), if *.exact { "at" } else { "after" })]
pub struct Problem {
    pub file: PathBuf,
    /// Counted from 1; 0 if the file cannot be read at all.
    pub line: u64,
    /// The position that the line is about, or else (not `exact`) of the last event before it.
    pub position: Position,
    pub exact: bool,
    pub problem: String,
}

/// What the files hold together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    pub first_position: Position,
    pub last_position: Position,
    pub count: u64,
    /// Of the last event: to be compared with what was written down elsewhere.
    pub hash: Hash,
    pub epoch: Epoch,
    /// The last position that was given out, if the files go to the end of the log.
    pub head_position: Option<Position>,
    pub signed_heads: u64,
    /// The key of the last signed head.
    pub signed_by: Option<Hash>,
    pub signed_position: Option<Position>,
    /// Whether the files begin where the log began. Only then can the history be folded.
    pub from_the_beginning: bool,
    /// The files, in order.
    pub parts: Vec<FilePart>,
}

/// What one file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePart {
    pub file: PathBuf,
    pub first_position: Position,
    /// Of its last event; one before the first position if it holds none.
    pub last_position: Position,
    pub count: u64,
    /// What its first event hangs on.
    pub previous_hash: Hash,
    /// Of its last event.
    pub hash: Hash,
    /// Of the whole file.
    pub sha256: Hash,
}

/// Checks files that continue each other, and says what they hold. With a key, every head must be signed with it, the last one too.
pub fn check_file(files: &[PathBuf], trusted: Option<VerifyingKey>) -> Result<Ledger, Problem> {
    let mut reader = Reader::open(files, trusted);
    while reader.next_row()?.is_some() {}
    reader.ledger()
}

/// Gives the events of files one by one, each once it is known to be sound as far as what came before it tells.
#[derive(Debug)]
pub struct Reader {
    files: VecDeque<PathBuf>,
    part: Option<Part>,
    trusted: Option<VerifyingKey>,
    ledger: Option<Ledger>,
    last_event: Option<LastEvent>,
    /// The fold, if the files begin at the beginning.
    fleet: Option<Fleet>,
    folds: bool,
    at: Place,
}

/// For what is said of problems.
#[derive(Debug, Clone, Default)]
struct Place {
    file: PathBuf,
    line: u64,
    position: Position,
}

/// What the next event must not fall behind.
#[derive(Debug, Clone, Copy)]
struct LastEvent {
    epoch: Epoch,
    recorded_at: chrono::DateTime<chrono::Utc>,
}

/// A file that is being read.
#[derive(Debug)]
struct Part {
    lines: BufReader<File>,
    digest: Sha256,
    /// None until it was read.
    header: Option<Header>,
    count: u64,
}

impl Reader {
    #[must_use]
    pub fn open(files: &[PathBuf], trusted: Option<VerifyingKey>) -> Self {
        let files = files.iter().cloned().collect();
        Self { files, part: None, trusted, ledger: None, last_event: None, fleet: None, folds: true, at: Place::default() }
    }

    /// The same for somebody who folds the events himself.
    #[must_use]
    pub fn without_fold(files: &[PathBuf]) -> Self {
        Self { folds: false, ..Self::open(files, None) }
    }

    /// Where a file begins, by its own account.
    pub fn first_position(file: &Path) -> Result<Position, Problem> {
        let mut reader = Self::without_fold(&[]);
        reader.begin(file)?;
        Ok(reader.ledger.map_or(0, |ledger| ledger.first_position))
    }

    /// The next event; none once the last file has ended as it says.
    pub fn next_row(&mut self) -> Result<Option<LedgerRow>, Problem> {
        loop {
            let Some(part) = &mut self.part else {
                match self.files.pop_front() {
                    Some(path) => self.begin(&path)?,
                    None => return Ok(None),
                }
                continue;
            };
            let before = part.digest.clone();
            match self.line()? {
                Line::Event(row) => return self.event(*row).map(Some),
                Line::SignedHead(head) => self.signed_head(&head)?,
                Line::End(end) => self.end(&end, before)?,
                Line::Header(_) => return Err(self.problem("a second header: files are given one by one, not joined")),
            }
        }
    }

    /// What was read, once nothing is left.
    pub fn ledger(self) -> Result<Ledger, Problem> {
        let Some(ledger) = &self.ledger else { return Err(self.problem("no file was given")) };
        match (self.trusted, ledger.signed_position) {
            (Some(_), None) => Err(self.problem("nothing in the file is signed")),
            (Some(_), Some(signed)) if signed < ledger.last_position => {
                Err(self.problem(format!("the events after position {signed} are not signed")))
            }
            _ => Ok(ledger.clone()),
        }
    }

    fn begin(&mut self, path: &Path) -> Result<(), Problem> {
        self.at = Place { file: path.to_owned(), line: 0, position: self.at.position };
        let file = File::open(path).map_err(|error| self.problem(format!("cannot open it: {error}")))?;
        self.part = Some(Part { lines: BufReader::with_capacity(1 << 18, file), digest: Sha256::new(), header: None, count: 0 });
        let Line::Header(header) = self.line()? else {
            return Err(self.problem("the file does not begin with the header of an export: its beginning is missing"));
        };
        if let Some(why) = header.unknown() {
            return Err(self.problem(why));
        }
        if let Some(part) = &mut self.part {
            part.header = Some(header.clone());
        }
        self.header(&header)
    }

    fn header(&mut self, header: &Header) -> Result<(), Problem> {
        let Some(ledger) = &mut self.ledger else {
            let from_the_beginning = header.previous_hash.0 == genesis();
            if header.first_position < 1 {
                return Err(self.problem("positions begin at 1"));
            }
            if header.first_position == 1 && !from_the_beginning {
                return Err(self.problem("the previous hash is not the one that every log begins with"));
            }
            self.at.position = header.first_position - 1;
            self.fleet = (from_the_beginning && self.folds).then(|| Fleet::new(Epoch(0)));
            self.ledger = Some(Ledger {
                first_position: header.first_position,
                last_position: header.first_position - 1,
                count: 0,
                hash: header.previous_hash.clone(),
                epoch: header.epoch,
                head_position: None,
                signed_heads: 0,
                signed_by: None,
                signed_position: None,
                from_the_beginning,
                parts: Vec::new(),
            });
            return Ok(());
        };
        if header.previous_hash != ledger.hash || header.first_position <= ledger.last_position {
            let (first, last) = (header.first_position, ledger.last_position);
            let problem = format!(
                "this part begins at position {first} and does not continue what ends at {last}: a part is missing, or their order is wrong"
            );
            return Err(self.problem(problem));
        }
        ledger.epoch = ledger.epoch.max(header.epoch);
        Ok(())
    }

    fn event(&mut self, row: LedgerRow) -> Result<LedgerRow, Problem> {
        let Some(ledger) = &self.ledger else { return Err(self.problem("an event before the header")) };
        let last = ledger.last_position;
        let hash = link(&ledger.hash.0, &row);
        self.at.position = row.position;
        let exact = |reader: &Self, problem: String| Problem { exact: true, ..reader.problem(problem) };
        if row.position <= last {
            return Err(exact(self, format!("it comes after position {last}: the lines are not in order")));
        }
        if hash.ok().as_ref() != Some(&row.hash) {
            let problem =
                format!("its hash is not that of its content after position {last}: a line was changed, removed, inserted or moved");
            return Err(exact(self, problem));
        }
        self.sense(&row).map_err(|problem| exact(self, problem))?;
        if let (Some(ledger), Some(part)) = (&mut self.ledger, &mut self.part) {
            part.count += 1;
            ledger.count += 1;
            ledger.last_position = row.position;
            ledger.hash = Hash(row.hash.clone());
            ledger.epoch = ledger.epoch.max(row.epoch);
        }
        self.last_event = Some(LastEvent { epoch: row.epoch, recorded_at: row.recorded_at });
        Ok(row)
    }

    /// Hashes say that nobody changed a history, not that it is one: that needs its events to be known and to follow each other.
    fn sense(&mut self, row: &LedgerRow) -> Result<(), String> {
        let recorded: Recorded = row.recorded().map_err(|error| {
            let written_by =
                self.part.as_ref().and_then(|part| part.header.as_ref()).map(|header| header.program_version.as_str()).unwrap_or_default();
            format!("{error} (conncentric {written_by} wrote this file)")
        })?;
        if recorded.event.stream() != row.stream {
            return Err(format!("it is about {}, not {}", recorded.event.stream(), row.stream));
        }
        if row.cause.is_some_and(|cause| cause >= row.position || cause < 1) {
            return Err("its cause does not precede it".into());
        }
        if self.last_event.is_some_and(|last| row.epoch < last.epoch || row.recorded_at < last.recorded_at) {
            return Err("its epoch or time is before that of the event that precedes it".into());
        }
        if let Some(fleet) = self.fleet.take() {
            self.fleet = Some(evolve(fleet, &recorded).map_err(|corrupt| corrupt.problem)?);
        }
        Ok(())
    }

    fn signed_head(&mut self, head: &SignedHead) -> Result<(), Problem> {
        key::check(head, self.trusted.as_ref()).map_err(|why| self.problem(why))?;
        let Some(ledger) = &mut self.ledger else { return Err(self.problem("a signed head before the header")) };
        let epoch = self.last_event.map_or(ledger.epoch, |last| last.epoch);
        if head.position != ledger.last_position || head.hash != ledger.hash || head.epoch != epoch {
            let problem = format!("the head that was signed here is of another ledger: position {}, hash {}", head.position, head.hash);
            return Err(self.problem(problem));
        }
        ledger.signed_heads += 1;
        ledger.signed_by = Some(head.key.clone());
        ledger.signed_position = Some(head.position);
        Ok(())
    }

    fn end(&mut self, end: &End, before: Sha256) -> Result<(), Problem> {
        let (Some(ledger), Some(part)) = (&mut self.ledger, self.part.take()) else { return Ok(()) };
        let mut rest = part.lines;
        let problem = if end.count != part.count {
            Some(format!("the file should hold {} events and holds {}", end.count, part.count))
        } else if part.count > 0 && end.last_position != ledger.last_position || end.hash != ledger.hash {
            Some(format!("the file should end at position {} with the hash {}", end.last_position, end.hash))
        } else if end.head_position.is_some_and(|head| head < ledger.last_position) {
            Some("the log cannot have ended before its last event".into())
        } else if end.sha256.0 != before.finalize().to_vec() {
            Some("the lines before this one are not those that were written: one that holds no event was changed or removed".into())
        } else if !matches!(rest.fill_buf(), Ok([])) {
            Some("something follows the closing line".into())
        } else {
            None
        };
        ledger.head_position = end.head_position;
        ledger.parts.extend(part.header.map(|header| FilePart {
            file: self.at.file.clone(),
            first_position: header.first_position,
            last_position: end.last_position,
            count: end.count,
            previous_hash: header.previous_hash,
            hash: end.hash.clone(),
            sha256: Hash(part.digest.finalize().to_vec()),
        }));
        problem.map_or(Ok(()), |problem| Err(self.problem(problem)))
    }

    fn line(&mut self) -> Result<Line, Problem> {
        let mut bytes = Vec::new();
        let read = match &mut self.part {
            Some(part) => (&mut part.lines).take(MAX_LINE).read_until(b'\n', &mut bytes),
            None => Ok(0),
        };
        self.at.line += 1;
        read.map_err(|error| self.problem(format!("cannot read it: {error}")))?;
        if let Some(part) = &mut self.part {
            part.digest.update(&bytes);
        }
        let Some((b'\n', text)) = bytes.split_last() else {
            return Err(self.problem("the file ends here without its closing line: it was truncated"));
        };
        let line = std::str::from_utf8(text).map_err(|error| error.to_string()).and_then(Line::read);
        line.map_err(|why| self.problem(format!("this is no line of an export, or it was edited: {why}")))
    }

    fn problem(&self, problem: impl Into<String>) -> Problem {
        let Place { file, line, position } = self.at.clone();
        Problem { file, line, position, exact: false, problem: problem.into() }
    }
}
