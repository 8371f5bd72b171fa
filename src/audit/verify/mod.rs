//! The three-way check (designs 4 and 6): the hash chain and the order of the log, the log folded in Rust, and the projections
//! rebuilt in SQL in a scratch schema. All three must agree with what is live.
//!
//! - `pass` goes over the log once, in order, and believes nothing: `positions` that nobody accounts for, hashes, times,
//!   epochs, causes, tokens. It folds as it goes and collects the intervals of `ownership`.
//! - `live` holds the fold and the intervals against the live projections.
//! - `blobs` reads the content of artifacts and plugins, which is beside the log, and hashes it.
//! - `rebuild` makes the projections once more beside the live ones and compares them row by row.
//!
//! Everything is read from one snapshot and nothing is ever written: the scratch schema goes with its transaction. Absent on
//! purpose: repair. Whoever finds a difference decides what it means.

mod blobs;
mod kept;
mod live;
mod open;
mod ownership;
mod pass;
mod positions;
mod read;
mod rebuild;
mod report;
mod sealed;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_postgres::Transaction;

pub use self::open::{VerifyError, verify_database, verify_with_archives};
use self::report::Timer;
pub use self::report::{Check, Difference, Outcome, Report, Step, StepName};
use crate::audit::archive::Archives;
use crate::log::LogError;

/// How far a run is, for whoever draws a progress bar. Counts only grow.
#[derive(Debug, Default)]
pub struct Meter {
    /// Positions of the log: how many there are, how many were read, how many the rebuild has applied.
    total: AtomicU64,
    read: AtomicU64,
    rebuilt: AtomicU64,
}

impl Meter {
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn rebuilt(&self) -> u64 {
        self.rebuilt.load(Ordering::Relaxed)
    }
}

/// Where the projections are rebuilt.
#[derive(Clone, Copy)]
pub enum Rebuild<'a> {
    /// Nowhere, for this reason.
    Skipped(&'a str),
    /// In transactions of other connections that see the same snapshot, at the same time.
    Beside([&'a Transaction<'a>; rebuild::PARTS]),
    /// In the very transaction that is read, when it has been read: the only way to verify what is not committed yet.
    After(&'a Transaction<'a>),
}

impl std::fmt::Debug for Rebuild<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Skipped(_) => "Skipped",
            Self::Beside(_) => "Beside",
            Self::After(_) => "After",
        })
    }
}

/// Verifies the log as the transaction sees it. Whoever began the transactions rolls them back.
///
/// # Errors
/// Fails if the database does not answer or refuses to. Whatever it holds is no error but a [`Difference`].
pub async fn verify(snapshot: &Transaction<'_>, rebuild: Rebuild<'_>, meter: &Arc<Meter>) -> Result<Report, LogError> {
    // A state machine this large belongs on the heap, not into that of each caller.
    Box::pin(verify_with(snapshot, None, rebuild, meter)).await
}

/// The same for a log whose first part is in archives.
async fn verify_with(
    snapshot: &Transaction<'_>,
    sealed: Option<Archives>,
    rebuild: Rebuild<'_>,
    meter: &Arc<Meter>,
) -> Result<Report, LogError> {
    let timer = Timer::start();
    let head = match read::head(snapshot).await? {
        Ok(head) => head,
        Err(difference) => return Ok(Report::broken(difference, timer.elapsed())),
    };
    meter.total.store(u64::try_from(head.position).unwrap_or(0), Ordering::Relaxed);
    let mut report = Report::new(&head);
    let log = async {
        let passed = read::pass(snapshot, sealed, &head, meter).await?;
        live::compare(snapshot, passed).await
    };
    let (read, scratch) = match rebuild {
        Rebuild::Skipped(why) => (log.await?, vec![Step::skipped(StepName::Rebuild, why), Step::skipped(StepName::Rows, why)]),
        Rebuild::After(transaction) => {
            let read = log.await?;
            let scratch = if read.is_sound() { rebuild::run(&[transaction], &head, meter).await? } else { not_reached() };
            (read, scratch)
        }
        Rebuild::Beside(transactions) => {
            // A log that is not sound is not worth rebuilding from, so that work is dropped as soon as this is known.
            let (mut log, mut again) = (pin!(log), pin!(rebuild::run(&transactions, &head, meter)));
            tokio::select! {
                read = &mut log => {
                    let read = read?;
                    let scratch = if read.is_sound() { again.await? } else { not_reached() };
                    (read, scratch)
                }
                scratch = &mut again => (log.await?, scratch?),
            }
        }
    };
    let sound = read.is_sound();
    report.steps.extend(read.steps);
    report.steps.extend(if sound { scratch } else { not_reached() });
    report.seconds = timer.elapsed();
    Ok(report)
}

/// The steps of a rebuild that would say nothing, because the log itself is not sound.
fn not_reached() -> Vec<Step> {
    let why = "the log itself is not sound";
    vec![Step::skipped(StepName::Rebuild, why), Step::skipped(StepName::Rows, why)]
}

/// What is known after the log was read and compared with the live projections.
struct Read {
    steps: Vec<Step>,
}

impl Read {
    fn is_sound(&self) -> bool {
        self.steps.first().is_some_and(|step| step.outcome == Outcome::Sound)
    }
}
