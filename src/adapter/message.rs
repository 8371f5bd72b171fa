//! Everything that reaches the one task that owns the pod's belief.

use std::time::Duration;

use crate::connector::context::Report;
use crate::domain::name::SessionId;
use crate::domain::token::{Epoch, FencingToken};
use crate::wire::pod::{HeartbeatAnswer, HeldLease, RegisterAnswer, ReleaseAnswer};
use crate::wire::push::Push;

#[derive(Debug)]
pub(super) enum Message {
    /// `sent` is the start of the request, since boot.
    Registered {
        sent: Duration,
        answer: RegisterAnswer,
    },
    Answered {
        sent: Duration,
        /// The epoch that the request named.
        named: Option<Epoch>,
        answer: HeartbeatAnswer,
    },
    /// The registration is gone; another one is on its way.
    Lost {
        reason: String,
    },
    /// The orchestrators do not accept this identity, at least for now.
    Unauthorised {
        reason: String,
    },
    /// Nothing will make the orchestrators accept this process.
    Refused {
        reason: String,
    },
    Push(Push),
    Released {
        asked: Vec<HeldLease>,
        answer: ReleaseAnswer,
    },
    /// The orchestrators know that the pod drains, or could not be told in time.
    DrainAnnounced,
    Status {
        session: SessionId,
        token: FencingToken,
        report: Report,
    },
}
