//! What the core is asked, and what it answers.

use std::sync::Arc;

use tokio::sync::oneshot;
use uuid::Uuid;

use super::snapshot::Snapshot;
use crate::domain::command::{Command, Heartbeat};
use crate::domain::event::Recorded;
use crate::domain::identity::AccessTokenId;
use crate::domain::name::SessionId;
use crate::domain::refusal::Refusal;

/// A command with who sends it. `request_id` names it for ever: what the log holds under this id is never carried out again.
#[derive(Debug, Clone)]
pub struct Submission {
    pub command: Command,
    pub actor: Actor,
    pub request_id: Uuid,
}

/// Who sends a command, and what it is good for.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Who, and how they proved it, as the event will say.
    pub name: String,
    /// What opened the door to them. Once it is revoked nothing is carried out any more, not even what was on its way.
    pub access_token: Option<AccessTokenId>,
}

/// A command that is in the log, or changed nothing.
#[derive(Debug, Clone)]
pub struct Done {
    /// The state that includes it.
    pub after: Arc<Snapshot>,
    /// Its events.
    pub events: Vec<Recorded>,
    /// Sessions that it did not get.
    pub refused: Vec<(SessionId, Refusal)>,
}

/// Why a command is not in the log.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database cannot be reached, so nothing can be promised. If the connection broke while the command was being
    /// appended, it may be in the log: the same request id finds out.
    #[error("the database is out of reach, so nothing can be promised: {0}")]
    Unavailable(String),
    /// Too much is waiting already.
    #[error("too many requests are waiting; try again in a moment")]
    Overloaded,
    /// A fault of ours that the database caught. Nothing was changed.
    #[error("a fault of conncentric, nothing was changed: {0}")]
    Fault(String),
}

pub(crate) type Reply = oneshot::Sender<Result<Done, Failure>>;

/// One thing for the core to do.
#[derive(Debug)]
pub(crate) enum Request {
    Command {
        submission: Box<Submission>,
        reply: Reply,
    },
    /// Answers with a state that includes everything that was in the log when it was asked.
    Barrier {
        reply: Reply,
    },
}

impl Request {
    pub(crate) fn answer(self, answer: Result<Done, Failure>) {
        let (Self::Command { reply, .. } | Self::Barrier { reply }) = self;
        // Whoever asked may have gone away; what was appended stands.
        let _ = reply.send(answer);
    }

    pub(crate) fn heartbeat(&self) -> Option<&Heartbeat> {
        match self {
            Self::Command { submission, .. } => match &submission.command {
                Command::Heartbeat(heartbeat) => Some(heartbeat),
                _ => None,
            },
            Self::Barrier { .. } => None,
        }
    }

    /// What a request is still good for when nobody waits for its answer any more. A heartbeat remains a sign of life (I7); what it
    /// reports may be older than what the pod has since said to another orchestrator, so it is left out.
    pub(crate) fn unless_abandoned(mut self) -> Option<Self> {
        let (Self::Command { reply, .. } | Self::Barrier { reply }) = &self;
        if !reply.is_closed() {
            return Some(self);
        }
        match &mut self {
            Self::Command { submission, .. } => match &mut submission.command {
                Command::Heartbeat(heartbeat) => heartbeat.reports.clear(),
                _ => return None,
            },
            Self::Barrier { .. } => return None,
        }
        Some(self)
    }
}
