//! What the parts say to each other.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::log::Found;
use crate::domain::event::Recorded;
use crate::domain::name::{Holder, SessionId};
use crate::domain::refusal::Refusal;
use crate::domain::token::{Epoch, FencingToken, Position};
use crate::log::{Batch, Condition, Entry, Outcome};
use crate::orchestrator::request::Submission;
use crate::wire::pod::{HeartbeatAnswer, LeaseReport, RegisterAnswer};
use crate::wire::push::{AsOf, Push};

/// A request at an orchestrator's door, before it is known there.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) submission: Submission,
    pub(super) caller: Caller,
    /// To be read with the key that the orchestrator knows.
    pub(super) receipt: Option<String>,
}

/// Who waits for an answer, with what it takes to make one.
#[derive(Debug, Clone)]
pub(super) enum Caller {
    Registration {
        pod: usize,
        number: u64,
        sent: Duration,
        holder: Holder,
    },
    Heartbeat {
        pod: usize,
        number: u64,
        sent: Duration,
        holder: Holder,
        named: Option<Epoch>,
        reported: Vec<LeaseReport>,
    },
    Release {
        pod: usize,
        asked: Vec<(SessionId, FencingToken)>,
    },
    /// A drain or a goodbye.
    Errand {
        pod: usize,
        leaving: bool,
    },
    Person,
}

impl Caller {
    pub(super) fn pod(&self) -> Option<usize> {
        match self {
            Self::Registration { pod, .. } | Self::Heartbeat { pod, .. } | Self::Release { pod, .. } | Self::Errand { pod, .. } => {
                Some(*pod)
            }
            Self::Person => None,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) enum Answer {
    Registered(Box<RegisterAnswer>),
    Beat(Box<HeartbeatAnswer>),
    Done(AsOf),
    Refused(Refusal),
    Unavailable,
}

impl Answer {
    pub(super) fn summary(&self) -> &'static str {
        match self {
            Self::Registered(_) => "a registration",
            Self::Beat(_) => "the answer to a heartbeat",
            Self::Done(_) => "something done",
            Self::Refused(_) => "a refusal",
            Self::Unavailable => "silence",
        }
    }
}

/// What an orchestrator asks of the database.
pub(super) enum Query {
    Find(Option<(Position, Uuid)>),
    Tail(Position, Vec<Uuid>),
    Append(Batch, Condition),
    Begin(Batch, Condition, Epoch),
    /// An expiry that locks the others out.
    Locked,
}

pub(super) enum Reply {
    Found(Box<Found>),
    Tail(Vec<Entry>, Vec<(Uuid, Vec<Recorded>)>),
    Outcome(Outcome),
    Done,
    Broken,
}

/// What an orchestrator wants done.
pub(super) enum Do {
    /// On the connection to this history.
    Ask(u64, Query),
    /// With the history that it was decided in, and the events that the answer vouches for.
    Answer(Caller, Answer, u64, Vec<(Position, Uuid)>),
    Push(usize, Push),
    Wake(Instant),
}
