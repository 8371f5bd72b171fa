//! What a verification came to: its steps, and the first difference of each.

use std::time::Instant;

use serde::Serialize;

use super::read::Head;
use crate::domain::token::{Epoch, Position};

/// What a difference is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The head says otherwise than the log.
    Head,
    /// A position that nobody accounts for, or one too many.
    Positions,
    /// A row that its hash does not fit.
    Chain,
    /// Times or epochs that go backwards, causes that are not there.
    Order,
    /// An event that this program cannot read.
    Unreadable,
    /// History that contradicts itself.
    Fold,
    /// Two owners at a time, or tokens that do not grow.
    Ownership,
    /// A file of sealed events that is not the one that was sealed.
    Archive,
    /// Content that an event names, and that is not there as it was.
    Blob,
    /// A live projection that is not what the log comes to.
    Projection,
}

/// The first thing that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub check: Check,
    /// The position of the event that is wrong, or that a wrong row comes from.
    pub position: Option<Position>,
    /// The projection that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The row of the projection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    pub problem: String,
}

impl Difference {
    pub(super) fn at(check: Check, position: Position, problem: impl Into<String>) -> Self {
        Self { check, position: Some(position), table: None, key: None, problem: problem.into() }
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(table) = &self.table {
            write!(f, "projection {table}")?;
            if let Some(key) = &self.key {
                write!(f, ", {key}")?;
            }
            f.write_str(", ")?;
        }
        match self.position {
            Some(position) => write!(f, "position {position}: {}", self.problem),
            None => write!(f, "no position known: {}", self.problem),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    /// One pass over the log, folding it.
    Log,
    /// The fold against the live projections.
    Fold,
    /// The intervals of ownership against the live ones.
    Ownership,
    /// Content that events name, read and hashed.
    Blobs,
    /// The projections, built once more.
    Rebuild,
    /// The rebuilt projections against the live ones, row by row.
    Rows,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    Sound,
    Different { differences: Vec<Difference> },
    Skipped { why: String },
}

/// One step with its counts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    pub step: StepName,
    /// Events, sessions, rows or bytes.
    pub checked: u64,
    pub seconds: f64,
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl Step {
    pub(super) fn skipped(step: StepName, why: &str) -> Self {
        Self { step, checked: 0, seconds: 0.0, outcome: Outcome::Skipped { why: why.to_owned() } }
    }

    pub(super) fn done(step: StepName, checked: u64, timer: &Timer, differences: Vec<Difference>) -> Self {
        Self::took(step, checked, timer.elapsed(), differences)
    }

    pub(super) fn took(step: StepName, checked: u64, seconds: f64, differences: Vec<Difference>) -> Self {
        let outcome = if differences.is_empty() { Outcome::Sound } else { Outcome::Different { differences } };
        Self { step, checked, seconds, outcome }
    }

    /// Events, sessions, rows or bytes a second.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub fn rate(&self) -> f64 {
        if self.seconds > 0.0 { self.checked as f64 / self.seconds } else { 0.0 }
    }
}

/// What was verified, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The version of the program that verified.
    pub program: &'static str,
    pub epoch: Epoch,
    pub position: Position,
    pub ledger_position: Position,
    /// The end of the hash chain, in hex: to be compared with one that was kept elsewhere.
    pub hash: String,
    pub seconds: f64,
    pub steps: Vec<Step>,
}

impl Report {
    pub(super) fn new(head: &Head) -> Self {
        Self {
            program: env!("CARGO_PKG_VERSION"),
            epoch: head.epoch,
            position: head.position,
            ledger_position: head.ledger_position,
            hash: data_encoding::HEXLOWER.encode(&head.hash),
            seconds: 0.0,
            steps: Vec::new(),
        }
    }

    /// Of a log that cannot even be begun with.
    pub(super) fn broken(difference: Difference, seconds: f64) -> Self {
        let step = Step { step: StepName::Log, checked: 0, seconds, outcome: Outcome::Different { differences: vec![difference] } };
        let (program, hash) = (env!("CARGO_PKG_VERSION"), String::new());
        Self { program, epoch: Epoch(0), position: 0, ledger_position: 0, hash, seconds, steps: vec![step] }
    }

    /// Every difference that was found, in the order in which they were looked for.
    pub fn differences(&self) -> impl Iterator<Item = &Difference> {
        self.steps.iter().flat_map(|step| match &step.outcome {
            Outcome::Different { differences } => differences.as_slice(),
            Outcome::Sound | Outcome::Skipped { .. } => &[],
        })
    }
}

/// Seconds since a start.
pub(super) struct Timer(Instant);

impl Timer {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn elapsed(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}
