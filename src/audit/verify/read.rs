//! Brings the log from the snapshot to the pass, row by row.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};
use tokio_postgres::types::FromSql;
use tokio_postgres::{Row, Transaction};

use super::Meter;
use super::pass::{Folded, Pass};
use super::report::{Check, Difference, Step, StepName, Timer};
use super::sealed::Sealed;
use crate::audit::archive::Archives;
use crate::audit::pages::{self, Pages};
use crate::audit::row::RowRef;
use crate::domain::token::{Epoch, Position};
use crate::log::{LogError, sql};

/// Where the log ends, by its own account.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) epoch: Epoch,
    pub(super) position: Position,
    pub(super) ledger_position: Position,
    pub(super) hash: Vec<u8>,
    pub(super) recorded_at: DateTime<Utc>,
}

/// A pulse as it stands in the table.
#[derive(Debug, Clone)]
pub(super) struct PulseRow {
    pub(super) position: Position,
    pub(super) epoch: Epoch,
    pub(super) kind: String,
    pub(super) schema_version: i16,
    pub(super) stream: String,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) registrations: Vec<i32>,
}

/// The end of the pass: the step, and the fold of a sound log.
pub(super) struct Passed {
    pub(super) step: Step,
    pub(super) folded: Option<Folded>,
}

/// The head, or what is wrong with it.
pub(super) async fn head(snapshot: &Transaction<'_>) -> Result<Result<Head, Difference>, LogError> {
    let rows = snapshot.query(sql::VERIFY_HEAD, &[]).await?;
    let [row] = rows.as_slice() else {
        let problem = format!("event_head has {} rows instead of one", rows.len());
        return Ok(Err(Difference { check: Check::Head, position: None, table: None, key: None, problem }));
    };
    let read = || -> Result<Head, tokio_postgres::Error> {
        Ok(Head {
            epoch: Epoch(row.try_get(0)?),
            position: row.try_get(1)?,
            ledger_position: row.try_get(2)?,
            hash: row.try_get(3)?,
            recorded_at: row.try_get(4)?,
        })
    };
    Ok(read().map_err(|error| Difference {
        check: Check::Head,
        position: row.try_get(1).ok(),
        table: None,
        key: None,
        problem: format!("event_head cannot be read: {error}"),
    }))
}

/// Takes the whole log through a [`Pass`], on a thread of its own.
pub(super) async fn pass(
    snapshot: &Transaction<'_>,
    sealed: Option<Archives>,
    head: &Head,
    meter: &Arc<Meter>,
) -> Result<Passed, LogError> {
    let timer = Timer::start();
    let (head, meter) = (head.clone(), meter.clone());
    let work = move |pages| follow(pages, Sealed::begin(sealed), &head, &meter);
    let (events, outcome) = pages::read(snapshot, sql::VERIFY_LOG, &[], work).await?;
    let (folded, differences) = match outcome {
        Ok(folded) => (Some(folded), vec![]),
        Err(difference) => (None, vec![difference]),
    };
    Ok(Passed { step: Step::done(StepName::Log, events, &timer, differences), folded })
}

fn follow(pages: Pages, mut sealed: Sealed, head: &Head, meter: &Meter) -> (u64, Result<Folded, Difference>) {
    let mut pass = Pass::new(head);
    for page in pages {
        for row in &page {
            if let Err(difference) = sealed.before(row, &mut pass).and_then(|()| take(&mut pass, row)) {
                return (pass.events(), Err(difference));
            }
        }
        meter.read.store(pass.events(), Ordering::Relaxed);
    }
    let kept = sealed.finish(&mut pass);
    (pass.events(), kept.and_then(|kept| Ok(Folded { kept, ..pass.finish(head)? })))
}

fn take(pass: &mut Pass, row: &Row) -> Result<(), Difference> {
    let unreadable = |error: tokio_postgres::Error| Difference {
        check: Check::Unreadable,
        position: row.try_get(0).ok(),
        table: None,
        key: None,
        problem: format!("the row cannot be read: {}", error.into_source().map_or_else(String::new, |source| source.to_string())),
    };
    if row.try_get(1).map_err(unreadable)? {
        pass.pulse(&pulse_row(row).map_err(unreadable)?)
    } else {
        pass.ledger(&ledger_row(row).map_err(unreadable)?)
    }
}

fn pulse_row(row: &Row) -> Result<PulseRow, tokio_postgres::Error> {
    Ok(PulseRow {
        position: row.try_get(0)?,
        epoch: Epoch(row.try_get(2)?),
        kind: row.try_get(3)?,
        schema_version: row.try_get(4)?,
        stream: row.try_get(5)?,
        recorded_at: row.try_get(6)?,
        registrations: row.try_get(13)?,
    })
}

fn ledger_row(row: &Row) -> Result<RowRef<'_>, tokio_postgres::Error> {
    Ok(RowRef {
        position: row.try_get(0)?,
        epoch: Epoch(row.try_get(2)?),
        kind: row.try_get(3)?,
        schema_version: row.try_get(4)?,
        stream: row.try_get(5)?,
        recorded_at: row.try_get(6)?,
        id: row.try_get(7)?,
        actor: row.try_get(8)?,
        request_id: row.try_get(9)?,
        cause: row.try_get(10)?,
        data: row.try_get(11)?,
        hash: row.try_get(12)?,
    })
}

/// A value that is not what its column should hold is what was looked for, not a failure to look.
pub(super) fn column<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<T, String> {
    row.try_get(index).map_err(|error| error.into_source().map_or_else(String::new, |source| source.to_string()))
}
