//! The events of a log that may have lost history.

use serde::{Deserialize, Serialize};

use crate::domain::name::{Incarnation, PodName, SessionId};
use crate::domain::token::{Epoch, FencingToken, Position};

/// An owner's word, in a new epoch, that it trusts a lease of an earlier one still.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeaseConfirmed {
    pub session: SessionId,
    pub token: FencingToken,
    pub pod: PodName,
    pub incarnation: Incarnation,
}

/// What made an orchestrator begin a new epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EpochCause {
    /// The log is in another database than before: a backup was restored, or an export imported.
    Restored,
    /// The server is on another timeline: a standby was promoted, or a backup was recovered to a point in time.
    Promoted,
    /// The log ends before what was acknowledged, or goes on differently.
    LostHistory,
}

/// The log may have lost what was acknowledged. From here on tokens are larger than any before, leases of earlier epochs count
/// only when their owners confirm them, and nothing is granted that somebody may still hold by what was lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochBegan {
    pub previous: Epoch,
    pub because: EpochCause,
    /// The highest position of the epochs before that is known to have been acknowledged; the positions from that of this event
    /// up to there are lost. Absent if nobody knew any.
    pub known: Option<Position>,
    /// The database that the epoch began in and its timeline, as far as the server tells.
    pub database: Option<String>,
    pub timeline: Option<i64>,
    /// The longest lease timeout that is known to have been in use and that the log does not tell any more.
    pub wait_ms: u32,
}

/// The end of the wait: every lease of an earlier epoch is confirmed or over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochSettled {
    /// How long the orchestrator that wrote this had itself waited.
    pub waited_ms: u64,
}
