//! What the database keeps of sealed events to answer by, held against the events themselves.

use chrono::{DateTime, Utc};
use tokio_postgres::{Row, Transaction};

use super::read::column;
use super::report::{Check, Difference};
use crate::audit::row::LedgerRow;
use crate::domain::event::Event;
use crate::domain::token::{Epoch, Position};
use crate::log::{LogError, sql};

/// The events of one append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moment {
    first: Position,
    last: Position,
    epoch: Epoch,
    recorded_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Registered {
    at: Position,
    registration: i32,
    pod: String,
    incarnation: String,
}

/// What should be kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    moments: Vec<Moment>,
    registrations: Vec<Registered>,
    /// Each archive's moments are its own, even if an append was sealed in two parts.
    archive_began: bool,
}

impl Kept {
    /// Takes the next event that is sealed. It was folded, so it can be read.
    pub(super) fn follow(&mut self, row: &LedgerRow) {
        let (first, last, epoch, recorded_at) = (row.position, row.position, row.epoch, row.recorded_at);
        let same = |moment: &&mut Moment| !self.archive_began && moment.epoch == epoch && moment.recorded_at == recorded_at;
        match self.moments.last_mut().filter(same) {
            Some(moment) => moment.last = last,
            None => self.moments.push(Moment { first, last, epoch, recorded_at }),
        }
        self.archive_began = false;
        if row.kind == "PodRegistered"
            && let Ok(recorded) = row.recorded()
            && let Event::PodRegistered(event) = recorded.event
        {
            let (registration, pod, incarnation) = (event.registration.0, event.pod.to_string(), event.incarnation.to_string());
            self.registrations.push(Registered { at: row.position, registration, pod, incarnation });
        }
    }

    pub(super) fn end_archive(&mut self) {
        self.archive_began = true;
    }

    /// The first row that is not as it should be.
    pub(super) async fn compare(&self, snapshot: &Transaction<'_>) -> Result<Option<Difference>, LogError> {
        let rows = snapshot.query(sql::VERIFY_MOMENTS, &[]).await?;
        let live = rows.iter().map(moment);
        if let Some((at, problem)) = first_difference(self.moments.iter().copied().map(|ours| (ours.first, ours)), live) {
            return Ok(Some(wrong("sealed_moment", at, problem)));
        }
        let rows = snapshot.query(sql::VERIFY_SEALED_REGISTRATIONS, &[]).await?;
        let live = rows.iter().map(registered);
        let ours = self.registrations.iter().map(|ours| (ours.at, (ours.registration, ours.pod.clone(), ours.incarnation.clone())));
        Ok(first_difference(ours, live).map(|(at, problem)| wrong("sealed_registration", at, problem)))
    }
}

fn moment(row: &Row) -> Result<Moment, String> {
    Ok(Moment { first: column(row, 0)?, last: column(row, 1)?, epoch: Epoch(column(row, 2)?), recorded_at: column(row, 3)? })
}

fn registered(row: &Row) -> Result<(i32, String, String), String> {
    Ok((column(row, 0)?, column(row, 1)?, column(row, 2)?))
}

/// Both in order. Ours come with the position that they are from.
fn first_difference<T: PartialEq + std::fmt::Debug>(
    ours: impl Iterator<Item = (Position, T)>,
    mut live: impl Iterator<Item = Result<T, String>>,
) -> Option<(Option<Position>, String)> {
    for (at, ours) in ours {
        match live.next() {
            Some(Ok(theirs)) if theirs == ours => {}
            theirs => return Some((Some(at), format!("the archives come to {ours:?}, and live is {}", shown(theirs)))),
        }
    }
    live.next().map(|theirs| (None, format!("the archives come to nothing more, and live is {}", shown(Some(theirs)))))
}

fn shown<T: std::fmt::Debug>(row: Option<Result<T, String>>) -> String {
    match row {
        None => "nothing".to_owned(),
        Some(Ok(row)) => format!("{row:?}"),
        Some(Err(problem)) => problem,
    }
}

fn wrong(table: &str, position: Option<Position>, problem: String) -> Difference {
    Difference { check: Check::Projection, position, table: Some(table.to_owned()), key: None, problem }
}
