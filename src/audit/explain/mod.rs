//! Why things were as they were: chains of events in plain words, for auditors.
//!
//! `memory` keeps what led to the present state while a replay folds the log, `life` everything about one session, and `words`
//! says it. Absent on purpose: guesses. What is said stands in the events, and each line names its position.

mod life;
mod memory;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

pub use life::{Life, Totals};
pub use memory::{Memory, Step};
pub use words::span;

use crate::domain::event::Event;
use crate::domain::token::Position;

/// One thing that happened, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Nothing for what no event of its own records, such as the last heartbeat of a pod that fell silent.
    pub position: Option<Position>,
    pub at: DateTime<Utc>,
    pub what: String,
    /// Who ordered it, reported it or found it out.
    pub who: Option<String>,
    /// The position of what led to it.
    pub cause: Option<Position>,
}

impl Line {
    fn of(step: &Step) -> Self {
        let recorded = &step.recorded;
        Self {
            position: Some(recorded.position),
            at: recorded.recorded_at,
            what: words::what(step),
            who: Some(words::who(&recorded.actor)),
            cause: recorded.cause.or_else(|| step.because.as_ref().map(|because| because.recorded.position)),
        }
    }

    /// A pod's silence began before its lease expired, and no event of the ledger says so at that time.
    fn silence_before(step: &Step) -> Option<Self> {
        let Event::LeaseExpired(event) = &step.recorded.event else { return None };
        let silence = TimeDelta::milliseconds(i64::try_from(event.silence_ms).ok()?);
        Some(Self {
            position: None,
            at: step.recorded.recorded_at.checked_sub_signed(silence)?,
            what: format!("the last that was heard of {}", event.pod),
            who: None,
            cause: None,
        })
    }
}

/// A step with everything that led to it, oldest first.
fn chain(step: Option<&Arc<Step>>, into: &mut BTreeMap<Position, Arc<Step>>) {
    let mut next = step;
    while let Some(step) = next {
        // What is there already has brought its own causes.
        if into.insert(step.recorded.position, step.clone()).is_some() {
            return;
        }
        next = step.because.as_ref();
    }
}

fn lines(steps: &BTreeMap<Position, Arc<Step>>) -> Vec<Line> {
    let mut lines: Vec<Line> = steps.values().flat_map(|step| Line::silence_before(step).into_iter().chain([Line::of(step)])).collect();
    // Silence begins before events that are recorded earlier than its end.
    lines.sort_by_key(|line| line.at);
    lines
}

#[cfg(test)]
mod tests;
