//! Writes the ledger to a file. The chain is checked on the way, so that what was tampered with is not exported as if it were sound.

use std::io::{self, Write};
use std::num::NonZeroU64;
use std::path::PathBuf;

use ed25519_dalek::SigningKey;
use sha2::{Digest, Sha256};

use super::format::{End, Hash, Header, Line};
use super::key;
use crate::audit::chain::{genesis, link};
use crate::audit::row::LedgerRow;
use crate::audit::source::Snapshot;
use crate::domain::archive::Archive;
use crate::domain::token::{Epoch, Position};
use crate::log::{Connection, LogError, read_archives, sql};

/// Which positions go into the file, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub from: Position,
    /// To the end of the log if absent.
    pub to: Option<Position>,
}

/// Whose heads stand in the file, and how often.
#[derive(Debug)]
pub struct Signing {
    pub key: SigningKey,
    /// After so many events, and at the end in any case.
    pub every: Option<NonZeroU64>,
}

/// What went into the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    pub last_position: Position,
    pub count: u64,
    pub hash: Hash,
    pub signed_heads: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("cannot write the export: {0}")]
    Write(#[from] io::Error),
    #[error("cannot write {}: {source}", .path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{} names no file", .0.display())]
    NoFile(PathBuf),
    /// What was asked for is not in the table. The archives are exports themselves, which this one can continue.
    #[error(
        "positions up to {} are sealed, in {}, which is such a file already; export --from {} what follows it, or run `conncentric unseal`",
        .last.last, .last.file, .last.last + 1
    )]
    Sealed { last: Box<Archive> },
    #[error("position {asked} is beyond the head of the log, which is at {head}")]
    BeyondHead { asked: Position, head: Position },
    #[error("position {position}: {problem}; the log was tampered with, so nothing of it is exported; `conncentric verify` says more")]
    Tampered { position: Position, problem: &'static str },
    #[error("position {position}: the data is not JSON: {source}")]
    Malformed { position: Position, source: serde_json::Error },
}

/// Writes a range of the ledger as one snapshot of the database shows it. `out` is not flushed.
pub async fn export(
    connection: &mut Connection,
    range: Range,
    signing: Option<&Signing>,
    out: &mut impl Write,
) -> Result<Exported, ExportError> {
    let mut snapshot = Snapshot::begin(connection, range.from - 1).await?;
    let head = Head::read(&snapshot).await?;
    // One beyond is where a part begins that continues the last one, though nothing has happened since.
    for (asked, limit) in [(Some(range.from), head.position + 1), (range.to, head.position)] {
        if let Some(asked) = asked.filter(|asked| *asked > limit) {
            return Err(ExportError::BeyondHead { asked, head: head.position });
        }
    }
    let previous = hash_before(&snapshot, range.from).await?;

    let mut file = File { out, signing, digest: Sha256::new(), state: Exported::before(range.from, &previous), epoch: head.epoch };
    file.line(Line::Header(Header::new(head.epoch, range.from, previous)))?;
    let to = range.to.unwrap_or(Position::MAX);
    loop {
        let page = snapshot.next_page().await?;
        let read = page.len();
        let rows: Vec<LedgerRow> = page.into_iter().take_while(|row| row.position <= to).collect();
        let ended = rows.len() < read || read == 0;
        rows.into_iter().try_for_each(|row| file.event(row))?;
        if ended {
            break;
        }
    }
    if to >= head.ledger_position && file.state.hash.0 != head.hash {
        return Err(ExportError::Tampered {
            position: head.ledger_position,
            problem: "the head does not follow from the events before it",
        });
    }
    file.end(range.to.is_none().then_some(head.position))
}

/// What the first event of the file hangs on: the event before it, the end of the last archive, or nothing.
async fn hash_before(snapshot: &Snapshot<'_>, from: Position) -> Result<Vec<u8>, ExportError> {
    let transaction = snapshot.transaction();
    let archive = read_archives(transaction).await?.pop();
    if let Some(last) = archive.as_ref().filter(|last| from <= last.last) {
        return Err(ExportError::Sealed { last: Box::new(last.clone()) });
    }
    let before = transaction.query_opt(sql::EXPORT_PREVIOUS_HASH, &[&from]).await.map_err(LogError::from)?;
    if let Some(row) = before {
        return Ok(row.try_get("hash").map_err(LogError::from)?);
    }
    let Some(archive) = archive else { return Ok(genesis()) };
    Ok(Hash::try_from(archive.hash).map_err(LogError::inconsistent)?.0)
}

/// Where the log ends in the snapshot.
struct Head {
    epoch: Epoch,
    position: Position,
    ledger_position: Position,
    hash: Vec<u8>,
}

impl Head {
    async fn read(snapshot: &Snapshot<'_>) -> Result<Self, LogError> {
        let row = snapshot.transaction().query_one(sql::EXPORT_HEAD, &[]).await?;
        Ok(Self {
            epoch: Epoch(row.try_get("epoch")?),
            position: row.try_get("position")?,
            ledger_position: row.try_get("ledger_position")?,
            hash: row.try_get("hash")?,
        })
    }
}

impl Exported {
    fn before(from: Position, previous: &[u8]) -> Self {
        Self { last_position: from - 1, count: 0, hash: Hash(previous.to_vec()), signed_heads: 0 }
    }
}

/// A file in the making.
struct File<'a, W> {
    out: &'a mut W,
    signing: Option<&'a Signing>,
    digest: Sha256,
    state: Exported,
    epoch: Epoch,
}

impl<W: Write> File<'_, W> {
    fn event(&mut self, row: LedgerRow) -> Result<(), ExportError> {
        let position = row.position;
        let hash = link(&self.state.hash.0, &row).map_err(|source| ExportError::Malformed { position, source })?;
        if hash != row.hash {
            return Err(ExportError::Tampered { position, problem: "its hash is not that of its content after the event before it" });
        }
        let epoch = row.epoch;
        self.line(Line::Event(Box::new(row)))?;
        self.state = Exported { last_position: position, count: self.state.count + 1, hash: Hash(hash), ..self.state };
        self.epoch = epoch;
        let every = self.signing.and_then(|signing| signing.every);
        if every.is_some_and(|every| self.state.count.is_multiple_of(every.get())) { self.sign() } else { Ok(()) }
    }

    fn sign(&mut self) -> Result<(), ExportError> {
        let Some(signing) = self.signing else { return Ok(()) };
        let head = key::sign(&signing.key, self.state.last_position, self.epoch, &self.state.hash.0);
        self.state.signed_heads += 1;
        self.line(Line::SignedHead(head))
    }

    fn end(mut self, head_position: Option<Position>) -> Result<Exported, ExportError> {
        let every = self.signing.and_then(|signing| signing.every);
        let just_signed = self.state.count > 0 && every.is_some_and(|every| self.state.count.is_multiple_of(every.get()));
        if !just_signed {
            self.sign()?;
        }
        let Exported { last_position, count, hash, .. } = self.state.clone();
        let sha256 = Hash(self.digest.clone().finalize().to_vec());
        self.line(Line::End(End { last_position, count, hash, head_position, sha256 }))?;
        Ok(self.state)
    }

    fn line(&mut self, line: Line) -> Result<(), ExportError> {
        let mut text = line.write().map_err(|source| ExportError::Malformed { position: self.state.last_position, source })?;
        text.push('\n');
        self.digest.update(text.as_bytes());
        Ok(self.out.write_all(text.as_bytes())?)
    }
}
