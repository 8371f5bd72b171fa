//! Actions: commands to a running session, such as `restart` or `set-sequence`, answered by its owner.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::name::ActionName;
use super::token::Position;

/// Actions of one session that may wait for an answer at a time.
pub const MAX_OPEN: usize = 16;

/// Answers in one request at most.
pub const MAX_ANSWERS: usize = 100;

/// Longest parameters, in bytes of JSON.
pub const MAX_PARAMETERS: usize = 16 << 10;

/// The position of the event that ordered an action. In JSON a decimal string, as positions may outgrow the integers of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(pub Position);

impl fmt::Display for ActionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ActionId {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for ActionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ActionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(|_| de::Error::custom("an action's id is a decimal number in quotes"))
    }
}

/// What an owner says of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It is being carried out.
    Received,
    Done,
    Failed,
}

/// How an action stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActionState {
    Ordered,
    Received,
    Done,
    Failed,
    /// The ownership that it was for ended without an answer. Nobody knows how far it came.
    Abandoned,
}

impl ActionState {
    /// Whether nothing more will come.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Abandoned)
    }
}

impl fmt::Display for ActionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ordered => "ordered",
            Self::Received => "received",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
        })
    }
}

/// An action that waits for its last answer.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenAction {
    pub name: ActionName,
    pub parameters: Arc<serde_json::Map<String, serde_json::Value>>,
    /// Whether the owner has said that it has it.
    pub received: bool,
}

impl OpenAction {
    /// Whether the control plane itself carries it out, by a handover of the session to its own pod.
    #[must_use]
    pub fn is_restart(&self) -> bool {
        self.name.as_str() == super::connector::RESTART
    }
}
