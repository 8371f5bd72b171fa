//! The lines of an export.
//!
//! Each line has exactly one form, the one that is written here: a reader writes what it has understood again and compares, so
//! that no byte can change without showing, not even one that would mean the same.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::audit::row::LedgerRow;
use crate::domain::canonical::canonical;
use crate::domain::token::{Epoch, Position};

/// What every header says, so that a file of something else is told apart.
const NAME: &str = "conncentric-ledger";

/// The form of the lines. To be raised with every change of it.
const VERSION: u32 = 1;

/// The first line: what the events hang on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub format: String,
    pub format_version: u32,
    /// The version of the program that wrote the file.
    pub program_version: String,
    /// The epoch that the log was on.
    pub epoch: Epoch,
    /// Events before it are in another file.
    pub first_position: Position,
    /// The hash of the ledger event before `first_position`: what joins the parts of a ledger.
    pub previous_hash: Hash,
}

impl Header {
    #[must_use]
    pub fn new(epoch: Epoch, first_position: Position, previous_hash: Vec<u8>) -> Self {
        Self {
            format: NAME.to_owned(),
            format_version: VERSION,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            epoch,
            first_position,
            previous_hash: Hash(previous_hash),
        }
    }

    /// Why this program cannot read the file, if it cannot.
    pub(super) fn unknown(&self) -> Option<String> {
        if self.format != NAME {
            return Some(format!("the file is of the form {:?}, not {NAME}", self.format));
        }
        let newer = self.format_version > VERSION;
        newer.then(|| {
            let Self { format_version, program_version, .. } = self;
            format!(
                "the file has format version {format_version}, and this program knows versions up to {VERSION}; run conncentric {program_version} or newer"
            )
        })
    }
}

/// A statement that the ledger stood there, which nobody without the key can make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedHead {
    pub position: Position,
    pub epoch: Epoch,
    pub hash: Hash,
    /// The public key, 32 bytes in hex.
    pub key: Hash,
    /// Ed25519 over [`Self::message`], 64 bytes in hex.
    pub signature: Hash,
}

impl SignedHead {
    /// What is signed. It begins with words of its own, so that a signature made for something else cannot stand here.
    #[must_use]
    pub fn message(position: Position, epoch: Epoch, hash: &[u8]) -> String {
        format!("conncentric ledger head\n{position}\n{epoch}\n{}\n", data_encoding::HEXLOWER.encode(hash))
    }
}

/// The last line: what the file holds if nothing is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Of the last event; one before the first position if there is none.
    pub last_position: Position,
    pub count: u64,
    /// Of the last event.
    pub hash: Hash,
    /// The last position that the log had given out, pulses included, if the file goes to its end: an import goes on after it,
    /// so that no position is ever given out twice.
    pub head_position: Option<Position>,
    /// SHA-256 of all lines before this one.
    pub sha256: Hash,
}

/// An event with all its columns.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventLine {
    position: Position,
    epoch: Epoch,
    id: Uuid,
    #[serde(rename = "type")]
    kind: String,
    schema_version: i16,
    stream: String,
    recorded_at: Time,
    actor: String,
    request_id: Option<Uuid>,
    cause: Option<Position>,
    data: Box<RawValue>,
    hash: Hash,
}

/// Any line but an event's, told apart by its only key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mark {
    Header(Header),
    SignedHead(SignedHead),
    End(End),
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    Header(Header),
    Event(Box<LedgerRow>),
    SignedHead(SignedHead),
    End(End),
}

impl Line {
    /// The line without its line feed.
    pub(super) fn write(self) -> Result<String, serde_json::Error> {
        match self {
            Self::Header(header) => serde_json::to_string(&Mark::Header(header)),
            Self::SignedHead(head) => serde_json::to_string(&Mark::SignedHead(head)),
            Self::End(end) => serde_json::to_string(&Mark::End(end)),
            Self::Event(row) => write_event(*row),
        }
    }

    /// Reads a line, and only one that [`Self::write`] would have written.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let line = if text.starts_with("{\"position\":") { read_event(text) } else { read_mark(text) };
        let line = line.map_err(|error| error.to_string())?;
        let again = line.clone().write().map_err(|error| error.to_string())?;
        if again == text { Ok(line) } else { Err("it is not written as an export writes it".into()) }
    }
}

fn read_mark(text: &str) -> Result<Line, serde_json::Error> {
    Ok(match serde_json::from_str(text)? {
        Mark::Header(header) => Line::Header(header),
        Mark::SignedHead(head) => Line::SignedHead(head),
        Mark::End(end) => Line::End(end),
    })
}

fn read_event(text: &str) -> Result<Line, serde_json::Error> {
    let line: EventLine = serde_json::from_str(text)?;
    Ok(Line::Event(Box::new(LedgerRow {
        position: line.position,
        epoch: line.epoch,
        id: line.id,
        kind: line.kind,
        schema_version: line.schema_version,
        stream: line.stream,
        recorded_at: line.recorded_at.0,
        actor: line.actor,
        request_id: line.request_id,
        cause: line.cause,
        data: line.data.get().to_owned(),
        hash: line.hash.0,
    })))
}

fn write_event(row: LedgerRow) -> Result<String, serde_json::Error> {
    let data: serde_json::Value = serde_json::from_str(&row.data)?;
    serde_json::to_string(&EventLine {
        position: row.position,
        epoch: row.epoch,
        id: row.id,
        kind: row.kind,
        schema_version: row.schema_version,
        stream: row.stream,
        recorded_at: Time(row.recorded_at),
        actor: row.actor,
        request_id: row.request_id,
        cause: row.cause,
        data: RawValue::from_string(canonical(&data))?,
        hash: Hash(row.hash),
    })
}

/// Bytes, in lowercase hex.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash(pub Vec<u8>);

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Hash {
    type Error = data_encoding::DecodeError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).map(Self)
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

/// A time in microseconds, which is what the database keeps and what the hash covers.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Time(DateTime<Utc>);

impl TryFrom<String> for Time {
    type Error = chrono::ParseError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        DateTime::parse_from_rfc3339(&text).map(|time| Self(time.to_utc()))
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.0.to_rfc3339_opts(SecondsFormat::Micros, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn a_row() -> LedgerRow {
        LedgerRow {
            position: 7,
            epoch: Epoch(1),
            id: Uuid::from_u128(7),
            kind: "PodDrained".into(),
            schema_version: 1,
            stream: "pod:p".into(),
            recorded_at: DateTime::from_timestamp_micros(1_700_000_000_000_001).expect("a time"),
            actor: "user:\"ä\"".into(),
            request_id: None,
            cause: Some(3),
            data: r#"{ "registration": 1, "pod": "p", "reason": null }"#.into(),
            hash: vec![0, 255],
        }
    }

    #[test]
    fn an_event_is_one_line_with_all_its_columns() {
        let text = Line::Event(Box::new(a_row())).write().expect("writes");
        let expected = concat!(
            r#"{"position":7,"epoch":1,"id":"00000000-0000-0000-0000-000000000007","type":"PodDrained","schema_version":1,"#,
            r#""stream":"pod:p","recorded_at":"2023-11-14T22:13:20.000001Z","actor":"user:\"ä\"","request_id":null,"cause":3,"#,
            r#""data":{"pod":"p","reason":null,"registration":1},"hash":"00ff"}"#
        );
        assert_eq!(text, expected);
        let Ok(Line::Event(row)) = Line::read(&text) else { panic!("it does not read its own line") };
        assert_eq!(*row, LedgerRow { data: r#"{"pod":"p","reason":null,"registration":1}"#.into(), ..a_row() });
    }

    #[test]
    fn a_line_has_one_form_only() {
        let text = Line::Event(Box::new(a_row())).write().expect("writes");
        for (from, to) in [
            ("00ff", "00FF"),
            ("T22:13", "t22:13"),
            (".000001Z", ".000001+00:00"),
            (r#""pod":"p","reason":null"#, r#""reason":null,"pod":"p""#),
            (r#""cause":3"#, r#""cause": 3"#),
            (r#""cause":3"#, r#""cause":3,"cause":3"#),
            (r#""cause":3"#, r#""cause":3,"effect":3"#),
            (r#""registration":1"#, r#""registration":1,"registration":1"#),
        ] {
            assert!(text.contains(from), "{from}");
            assert!(Line::read(&text.replacen(from, to, 1)).is_err(), "{from} became {to}");
        }
    }

    #[test]
    fn marks_read_back() {
        let head = SignedHead { position: 1, epoch: Epoch(1), hash: Hash(vec![1]), key: Hash(vec![2]), signature: Hash(vec![3]) };
        let end = End { last_position: 1, count: 1, hash: Hash(vec![1]), head_position: None, sha256: Hash(vec![4]) };
        for line in [Line::Header(Header::new(Epoch(1), 1, vec![1])), Line::SignedHead(head), Line::End(end)] {
            let text = line.clone().write().expect("writes");
            assert_eq!(Line::read(&text), Ok(line));
        }
    }

    #[test]
    fn files_of_something_else_and_of_the_future_are_told_apart() {
        let header = Header::new(Epoch(1), 1, vec![]);
        assert_eq!(header.unknown(), None);
        assert!(Header { format: "x".into(), ..header.clone() }.unknown().is_some_and(|why| why.contains("not conncentric-ledger")));
        let newer = Header { format_version: 2, program_version: "9.1.0".into(), ..header };
        assert!(newer.unknown().is_some_and(|why| why.contains("run conncentric 9.1.0 or newer")));
    }
}
