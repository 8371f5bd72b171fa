//! Archive files: what was taken out of the event table, and where it is now.
//!
//! They are one series from position 1 on. What is sealed goes on where the last archive ended, and what comes back is the end of the
//! series, so that neither the files nor the table have a hole.

use super::event::{LedgerSealed, LedgerUnsealed};
use super::fleet::Fleet;
use super::token::Position;

/// Hex digits of a SHA-256.
const HEX_DIGITS: usize = 64;

/// Longest name of a file, in bytes: what file systems allow.
const LONGEST_NAME: usize = 255;

/// A file that holds all ledger events of a range of positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// One more than the last position of the archive before it.
    pub first: Position,
    /// The position of its last ledger event.
    pub last: Position,
    /// How many ledger events it holds.
    pub events: u64,
    /// Of the last event, in hex.
    pub hash: String,
    /// The name of the file, without its folder.
    pub file: String,
    /// Of the whole file, in hex.
    pub sha256: String,
}

impl LedgerSealed {
    #[must_use]
    pub fn new(archive: Archive, reason: Option<String>) -> Self {
        let Archive { first, last, events, hash, file, sha256 } = archive;
        Self { first, last, events, hash, file, sha256, reason }
    }

    #[must_use]
    pub fn archive(&self) -> Archive {
        let Self { first, last, events, hash, file, sha256, .. } = self.clone();
        Archive { first, last, events, hash, file, sha256 }
    }
}

/// A name that can be written down, and found again on any machine.
///
/// # Errors
/// Says what is wrong with it.
pub fn check_file_name(name: &str) -> Result<(), String> {
    let problem = match name {
        "" => "is empty".to_owned(),
        _ if name.len() > LONGEST_NAME => format!("has more than {LONGEST_NAME} bytes"),
        _ if name.contains('/') || name.chars().any(char::is_control) => "holds slashes or control characters".to_owned(),
        _ => return Ok(()),
    };
    Err(format!("the name of the file {problem}"))
}

pub(super) fn seal(fleet: &mut Fleet, position: Position, event: &LedgerSealed) -> Result<(), String> {
    let LedgerSealed { first, last, events, hash, file, sha256, .. } = event;
    let next = fleet.sealed_to() + 1;
    if *first != next {
        return Err(format!("it seals from position {first} on, and the series goes on at {next}"));
    }
    let room = last.checked_sub(*first).and_then(|span| u64::try_from(span).ok()).map_or(0, |span| span + 1);
    if *last >= position || *events < 1 || *events > room {
        return Err(format!("{events} events do not fit between positions {first} and {last}"));
    }
    for hex in [hash, sha256] {
        if hex.len() != HEX_DIGITS || !hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err("a hash does not have 64 hexadecimal digits".into());
        }
    }
    check_file_name(file)?;
    fleet.archives.insert(*first, event.archive());
    Ok(())
}

pub(super) fn unseal(fleet: &mut Fleet, event: &LedgerUnsealed) -> Result<(), String> {
    let LedgerUnsealed { first, last, .. } = event;
    if !fleet.archives.contains_key(first) || *last != fleet.sealed_to() {
        return Err(format!("positions {first} to {last} are not the end of what is sealed"));
    }
    fleet.archives = fleet.archives.split(first).0;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::token::Epoch;

    fn sealed(first: Position, last: Position, events: u64) -> LedgerSealed {
        let hash = "0".repeat(HEX_DIGITS);
        let archive = Archive { first, last, events, hash: hash.clone(), file: format!("{first}.jsonl"), sha256: hash };
        LedgerSealed::new(archive, None)
    }

    fn series() -> Fleet {
        let mut fleet = Fleet::new(Epoch(1));
        for (position, event) in [(10, sealed(1, 5, 5)), (20, sealed(6, 11, 3)), (30, sealed(12, 29, 9))] {
            seal(&mut fleet, position, &event).expect("goes on");
        }
        fleet
    }

    #[test]
    fn archives_are_a_series_without_holes() {
        let fleet = series();
        assert_eq!(fleet.sealed_to(), 29);
        assert_eq!(fleet.archives().map(|archive| archive.first).collect::<Vec<_>>(), [1, 6, 12]);
        let holding = |position| fleet.archive_of(position).map(|archive| archive.first);
        assert_eq!([1, 5, 6, 29, 30, 0].map(holding), [Some(1), Some(1), Some(6), Some(12), None, None]);
        for (wrong, why) in [
            (sealed(29, 31, 1), "goes on at 30"),
            (sealed(31, 32, 1), "goes on at 30"),
            (sealed(30, 40, 1), "do not fit"),
            (sealed(30, 29, 1), "do not fit"),
            (sealed(30, Position::MIN, 1), "do not fit"),
            (sealed(30, 31, 3), "do not fit"),
            (sealed(30, 31, 0), "do not fit"),
            (LedgerSealed { hash: "0A".into(), ..sealed(30, 31, 1) }, "hexadecimal"),
            (LedgerSealed { file: "a/b".into(), ..sealed(30, 31, 1) }, "slashes"),
        ] {
            let refused = seal(&mut fleet.clone(), 40, &wrong).expect_err(why);
            assert!(refused.contains(why), "{refused}");
        }
    }

    #[test]
    fn what_comes_back_is_the_end_of_the_series() {
        let unsealed = |first, last| LedgerUnsealed { first, last, reason: None };
        let mut fleet = series();
        for wrong in [unsealed(1, 11), unsealed(7, 29), unsealed(6, 28), unsealed(30, 29)] {
            unseal(&mut fleet, &wrong).expect_err("refused");
        }
        unseal(&mut fleet, &unsealed(6, 29)).expect("the end");
        assert_eq!(fleet.sealed_to(), 5);
        unseal(&mut fleet, &unsealed(1, 5)).expect("all");
        assert_eq!(fleet.archives().count(), 0);
    }
}
