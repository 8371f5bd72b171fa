//! The witness's durable record: one JSON object a line, appended and synced before anybody is answered.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::book::Book;
use super::line::{Line, parse};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// By the witness's own clock, in nanoseconds since boot.
    pub at_ns: u64,
    pub connection: u64,
    #[serde(flatten)]
    pub line: Line,
    /// Why it was refused, if it was.
    pub refused: Option<String>,
}

#[derive(Debug)]
pub struct Record(File);

impl Record {
    /// Opens it, and the book as far as the record remembers.
    pub fn open(path: &Path) -> (Self, Book) {
        let mut book = Book::default();
        if path.exists() {
            for entry in read(path).into_iter().filter(|entry| entry.refused.is_none()) {
                book.judge(&entry.line).expect("was accepted before");
            }
        }
        (Self(File::options().create(true).append(true).open(path).expect("a record")), book)
    }

    /// Writes entries and returns once they would survive the machine.
    pub fn keep(&mut self, entries: &[Entry]) {
        let mut text = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut text, entry).expect("JSON");
            text.push(b'\n');
        }
        self.0.write_all(&text).and_then(|()| self.0.sync_data()).expect("durable");
    }
}

/// All entries, in the order of judgement. The last line may be half written.
pub fn read(path: &Path) -> Vec<Entry> {
    let text = std::fs::read_to_string(path).expect("a record");
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

mod tests {
    use super::*;

    #[test]
    fn what_was_accepted_outlives_the_witness() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("record");
        let line = |text| parse(text).expect("a line");
        let (mut record, mut book) = Record::open(&path);
        let first = line("LOGIN session=a/0 token=5 pod=p");
        book.judge(&first).expect("accepted");
        record.keep(&[Entry { at_ns: 1, connection: 1, line: first, refused: None }]);
        let (_, mut again) = Record::open(&path);
        assert!(again.judge(&line("LOGIN session=a/0 token=4 pod=q")).is_err());
    }
}
