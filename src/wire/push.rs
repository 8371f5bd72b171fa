//! What a pod hears on its stream (server-sent events). The event's name is the variant, its data the JSON below.

use serde::{Deserialize, Serialize};

use super::action::SessionAction;
use super::pod::LeaseGrant;
use crate::domain::name::SessionId;
use crate::domain::token::{Epoch, FencingToken, Position};

/// The state of the log that a statement was true at. A pod ignores what is older than what it knows (design 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AsOf {
    #[schema(value_type = i32)]
    pub epoch: Epoch,
    /// The position of the last ledger event that was folded.
    pub ledger_position: Position,
}

/// The full set of the pod's leases. Whatever else the pod runs is not its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sync {
    #[serde(flatten)]
    pub as_of: AsOf,
    pub leases: Vec<LeaseGrant>,
}

/// Run this session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    #[serde(flatten)]
    pub as_of: AsOf,
    pub lease: LeaseGrant,
}

/// Close this session in order, then release it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    #[serde(flatten)]
    pub as_of: AsOf,
    pub session: SessionId,
    pub token: FencingToken,
    pub reason: String,
}

/// Stop this session at once: its lease is lost, and another may run it already.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fence {
    #[serde(flatten)]
    pub as_of: AsOf,
    pub session: SessionId,
    pub token: FencingToken,
    pub reason: String,
}

/// Carry out this action, once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Act {
    #[serde(flatten)]
    pub as_of: AsOf,
    #[serde(flatten)]
    pub action: SessionAction,
}

/// One message of a pod's stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Push {
    Sync(Sync),
    Start(Start),
    Stop(Stop),
    Fence(Fence),
    Action(Act),
    /// The pod's registration ended (lost, superseded or left): stop everything, and register again or exit.
    Gone {
        reason: String,
    },
}

impl Push {
    /// The name of the server-sent event.
    #[must_use]
    pub fn event_name(&self) -> &'static str {
        match self {
            Self::Sync(_) => "sync",
            Self::Start(_) => "start",
            Self::Stop(_) => "stop",
            Self::Fence(_) => "fence",
            Self::Action(_) => "action",
            Self::Gone { .. } => "gone",
        }
    }

    /// The state of the log that it was true at, if it speaks of any.
    #[must_use]
    pub fn as_of(&self) -> Option<AsOf> {
        match self {
            Self::Sync(message) => Some(message.as_of),
            Self::Start(message) => Some(message.as_of),
            Self::Stop(message) => Some(message.as_of),
            Self::Fence(message) => Some(message.as_of),
            Self::Action(message) => Some(message.as_of),
            Self::Gone { .. } => None,
        }
    }

    /// # Errors
    /// None in practice: every message has a JSON form.
    pub fn data(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::Sync(message) => serde_json::to_string(message),
            Self::Start(message) => serde_json::to_string(message),
            Self::Stop(message) => serde_json::to_string(message),
            Self::Fence(message) => serde_json::to_string(message),
            Self::Action(message) => serde_json::to_string(message),
            Self::Gone { reason } => serde_json::to_string(&serde_json::json!({ "reason": reason })),
        }
    }

    /// Reads one event of a stream. Unknown names are `None`: newer orchestrators may say more.
    ///
    /// # Errors
    /// Fails if the data of a known event does not parse.
    pub fn read(name: &str, data: &str) -> Result<Option<Self>, serde_json::Error> {
        #[derive(Deserialize)]
        struct Gone {
            reason: String,
        }
        Ok(Some(match name {
            "sync" => Self::Sync(serde_json::from_str(data)?),
            "start" => Self::Start(serde_json::from_str(data)?),
            "stop" => Self::Stop(serde_json::from_str(data)?),
            "fence" => Self::Fence(serde_json::from_str(data)?),
            "action" => Self::Action(serde_json::from_str(data)?),
            "gone" => Self::Gone { reason: serde_json::from_str::<Gone>(data)?.reason },
            _ => return Ok(None),
        }))
    }
}
