//! What is sealed, taken through the pass between the pulses of its time, which are in the table for as long as pulses are kept.

use tokio_postgres::Row;

use super::kept::Kept;
use super::pass::Pass;
use super::report::{Check, Difference};
use crate::audit::archive::{ArchiveError, Archives};
use crate::audit::row::LedgerRow;
use crate::domain::token::Position;

/// The files, one event ahead.
pub(super) struct Sealed {
    archives: Option<Archives>,
    next: Option<LedgerRow>,
    /// Of the event before `next`.
    last: Position,
    begun: bool,
    kept: Kept,
}

impl Sealed {
    pub(super) fn begin(archives: Option<Archives>) -> Self {
        Self { archives, next: None, last: 0, begun: false, kept: Kept::default() }
    }

    /// Everything in the files that comes before a row of the table.
    pub(super) fn before(&mut self, row: &Row, pass: &mut Pass) -> Result<(), Difference> {
        if self.archives.is_none() {
            return Ok(());
        }
        // A row without a position is for whoever reads it to find fault with.
        self.up_to(row.try_get(0).unwrap_or(Position::MAX), pass)
    }

    /// What is left in the files; gives what the database should keep of them.
    pub(super) fn finish(mut self, pass: &mut Pass) -> Result<Kept, Difference> {
        self.up_to(Position::MAX, pass)?;
        Ok(self.kept)
    }

    fn up_to(&mut self, end: Position, pass: &mut Pass) -> Result<(), Difference> {
        let Some(archives) = &mut self.archives else { return Ok(()) };
        if !self.begun {
            self.begun = true;
            self.next = archives.next_row().map_err(|error| wrong(&error, self.last))?;
        }
        while let Some(row) = self.next.take_if(|row| row.position < end) {
            self.last = row.position;
            self.kept.follow(&row);
            if archives.is_end(row.position) {
                self.kept.end_archive();
            }
            pass.ledger(&row.borrowed())?;
            self.next = archives.next_row().map_err(|error| wrong(&error, self.last))?;
        }
        if self.next.is_none() {
            self.archives = None;
        }
        Ok(())
    }
}

fn wrong(error: &ArchiveError, last: Position) -> Difference {
    let position = if let ArchiveError::Problem(problem) = error { problem.position } else { last };
    Difference::at(Check::Archive, position, error.to_string())
}
