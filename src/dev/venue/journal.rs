//! The venue's memory: JSON Lines, one object for each line that a client sent, written before the client is answered.
//!
//! Objects of kind `line` say what was accepted and refused, `superseded` that a login with a larger token ended the
//! right of a client that was still connected, `conflict` that two clients claimed one session with one token, and
//! `memory` carries the largest token of a session over from a journal that was put aside.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::book::Book;
use super::line::Verb;
use crate::domain::token::FencingToken;

/// A journal of this size is put aside as `FILE.1` at the next start.
const PUT_ASIDE_AT: u64 = 256 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Line,
    Superseded,
    Conflict,
    Memory,
}

/// One object of the journal.
#[derive(Debug, Serialize)]
pub(super) struct Entry<'a> {
    /// By the venue's wall clock, in microseconds. For people: order is that of the lines.
    pub(super) at: String,
    /// By the boot-time clock, which all processes of the machine share.
    pub(super) monotonic_ns: u64,
    pub(super) kind: Kind,
    pub(super) session: Option<&'a str>,
    pub(super) token: Option<FencingToken>,
    pub(super) pod: Option<&'a str>,
    pub(super) client: Option<SocketAddr>,
    pub(super) line: Option<Verb>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<u64>,
    pub(super) accepted: bool,
    pub(super) reason: Option<&'a str>,
}

impl Entry<'_> {
    /// An entry of now that says nothing else yet.
    pub(super) fn of(kind: Kind) -> Self {
        let now = crate::time::since_boot();
        Self {
            at: wall_clock(),
            monotonic_ns: u64::try_from(now.as_nanos()).unwrap_or(u64::MAX),
            kind,
            session: None,
            token: None,
            pod: None,
            client: None,
            line: None,
            next: None,
            accepted: false,
            reason: None,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the venue plays a foreign system with a clock of its own, and decides nothing by it")]
fn wall_clock() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

/// What must be read back from an entry.
#[derive(Deserialize)]
struct Remembered {
    accepted: bool,
    session: Option<String>,
    token: Option<FencingToken>,
}

/// The open journal.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
}

impl Journal {
    /// Opens or makes the journal and tells the book what it remembers.
    pub(super) fn open(path: &Path, book: &mut Book) -> anyhow::Result<Self> {
        let context = || format!("the journal {} cannot be opened", path.display());
        let mut file = open(path).with_context(context)?;
        let unreadable = recall(&file, book).with_context(context)?;
        if unreadable > 0 {
            tracing::warn!(lines = unreadable, journal = %path.display(), "lines of the journal do not parse and were passed over");
        }
        if file.metadata().with_context(context)?.len() >= PUT_ASIDE_AT {
            std::fs::rename(path, aside(path)).with_context(context)?;
            file = open(path).with_context(context)?;
            let mut journal = Self { file };
            for (session, token) in book.highest() {
                journal.write(&Entry { session: Some(session), token: Some(token), accepted: true, ..Entry::of(Kind::Memory) })?;
            }
            return Ok(journal);
        }
        end_torn_line(&mut file).with_context(context)?;
        Ok(Self { file })
    }

    /// One write a line, so that a reader who follows the file sees whole lines.
    pub(super) fn write(&mut self, entry: &Entry<'_>) -> anyhow::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.file.write_all(&line).context("the journal cannot be written")
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    File::options().read(true).append(true).create(true).open(path)
}

fn aside(path: &Path) -> PathBuf {
    path.with_added_extension("1")
}

/// Counts the lines that do not parse: the last one may be torn if the machine died.
fn recall(file: &File, book: &mut Book) -> std::io::Result<u64> {
    let mut reader = BufReader::new(file);
    let (mut line, mut unreadable) = (Vec::new(), 0);
    while reader.read_until(b'\n', &mut line)? > 0 {
        match serde_json::from_slice(&line) {
            Ok(Remembered { accepted: true, session: Some(session), token: Some(token) }) => book.remember(&session, token),
            Ok(_) => {}
            Err(_) => unreadable += 1,
        }
        line.clear();
    }
    Ok(unreadable)
}

/// The next entry must not be glued to half a line.
fn end_torn_line(file: &mut File) -> std::io::Result<()> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(());
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_costs_that_line_only() {
        let folder = tempfile::tempdir().expect("created");
        let path = folder.path().join("venue.jsonl");
        let token = FencingToken::from_i64(7).expect("positive");
        let entry = Entry { session: Some("a/0"), token: Some(token), accepted: true, ..Entry::of(Kind::Line) };
        Journal::open(&path, &mut Book::default()).expect("made").write(&entry).expect("written");
        let torn = std::fs::read_to_string(&path).expect("read") + "{\"at\":\"2026";
        std::fs::write(&path, torn).expect("torn");

        let mut book = Book::default();
        Journal::open(&path, &mut book).expect("opened").write(&entry).expect("written");
        assert_eq!(book.highest().collect::<Vec<_>>(), [("a/0", token)]);
        let lines = std::fs::read_to_string(&path).expect("read");
        assert_eq!(lines.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).count(), 2);
    }
}
