//! What was seen of a run, by everybody who watched. The checker judges by this alone.

use std::path::PathBuf;
use std::time::Duration;

use conncentric::time::since_boot;
use serde_json::Value;
use uuid::Uuid;

use crate::checker::Violation;
use crate::client::Answer;
use crate::faults::Target;
use crate::ledger::{Event, Pulse};
use crate::network::heartbeats::{Promise, Renewal};
use crate::network::tap::Stamp;
use crate::witness::record::Entry;

/// A stretch of time since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: Duration,
    pub to: Duration,
}

impl Span {
    pub fn overlaps(self, from: Duration, to: Duration) -> bool {
        self.from <= to && from <= self.to
    }
}

/// A fault as it was carried out.
#[derive(Debug, Clone)]
pub struct Happened {
    pub kind: &'static str,
    pub on: Vec<Target>,
    pub span: Span,
}

/// Something was done to one process or way, at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Killed,
    Terminated,
    Paused,
    /// Its programs too.
    PausedWithPrograms,
    Continued,
    Started,
    WitnessHeld,
    WitnessFree,
}

#[derive(Debug, Clone, Copy)]
pub struct Done {
    pub at: Duration,
    pub target: Target,
    pub deed: Deed,
}

/// What a client asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A token of this name, which shows in the log.
    Token(String),
    Move,
    Toggle,
    Drain,
    Revoke,
    /// Something that nobody may be granted.
    Forbidden(&'static str),
    /// Something of which each part is granted or refused by itself; this one must not be in the log.
    Overreach(&'static str),
    /// A claim by name, for a session that somebody else has.
    Claim,
}

/// One request of a client with its outcome. Repeats of it have the same key.
#[derive(Debug, Clone)]
pub struct Request {
    pub key: Uuid,
    pub asked: Asked,
    pub at: usize,
    pub span: Span,
    pub answer: Answer,
}

/// A read that must show what was acknowledged before it began, and whether it did.
#[derive(Debug, Clone)]
pub struct Reading {
    #[expect(dead_code, reason = "shown by the violation")]
    pub what: String,
    pub at: usize,
    pub span: Span,
    pub shown: bool,
}

/// One event that a subscriber was sent.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Since boot.
    pub at: Duration,
    pub subscriber: usize,
    pub position: i64,
    pub id: String,
}

/// What the processes wrote to their logs.
#[derive(Debug, Clone)]
pub struct Logs {
    pub name: String,
    pub lines: Vec<Value>,
    pub panics: Vec<String>,
}

/// Everything.
#[derive(Debug, Default)]
pub struct Evidence {
    pub faults: Vec<Happened>,
    pub deeds: Vec<Done>,
    pub requests: Vec<Request>,
    pub readings: Vec<Reading>,
    pub heard: Vec<Heard>,
    /// Where each subscription began: what came before it was not asked for.
    pub subscribed_after: i64,
    /// The last position when all was calm again, which every subscriber must have heard of.
    pub calm_position: i64,
    /// How far the log had come, and when that was seen.
    pub growth: Vec<(Duration, i64)>,
    pub stamps: Vec<Stamp>,
    pub renewals: Vec<Renewal>,
    pub promises: Vec<Promise>,
    pub witnessed: Vec<Entry>,
    pub ledger: Vec<Event>,
    pub pulses: Vec<Pulse>,
    pub logs: Vec<Logs>,
    /// How late this very process was, and when: nobody can be sure of what they saw then.
    pub stalls: Vec<Span>,
    /// What ended the run before its time.
    pub found: Vec<Violation>,
    /// What was asked of the system when all was calm again, and failed.
    pub aftermath: Vec<String>,
    pub folder: PathBuf,
    pub run: Option<Span>,
}

impl Evidence {
    /// When a position of the log was first seen, since boot: a moment after it was recorded.
    pub fn recorded(&self, position: i64) -> Duration {
        let index = self.growth.partition_point(|(_, known)| *known < position);
        self.growth.get(index).map_or_else(since_boot, |(at, _)| *at)
    }

    /// Whether what happens until then was not watched to its end.
    pub fn is_later_than_the_run(&self, until: Duration) -> bool {
        self.run.is_none_or(|run| until > run.to)
    }

    /// How long nobody had looked when a position was first seen.
    pub fn unseen_before(&self, position: i64) -> Duration {
        let index = self.growth.partition_point(|(_, known)| *known < position);
        match (index.checked_sub(1).and_then(|before| self.growth.get(before)), self.growth.get(index)) {
            (Some((before, _)), Some((at, _))) => at.saturating_sub(*before),
            _ => Duration::MAX / 4,
        }
    }

    /// The longest stall of ours that touches a stretch of time.
    pub fn stall_within(&self, from: Duration, to: Duration) -> Duration {
        let touching = self.stalls.iter().filter(|stall| stall.overlaps(from, to));
        touching.map(|stall| stall.to.saturating_sub(stall.from)).max().unwrap_or_default()
    }

    pub fn disturbed(&self, target: Target, from: Duration, to: Duration) -> bool {
        self.faults.iter().any(|fault| fault.on.contains(&target) && fault.span.overlaps(from, to))
    }
}

/// Since a moment until now.
pub fn until_now(from: Duration) -> Span {
    Span { from, to: since_boot() }
}
