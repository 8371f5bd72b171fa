//! The events of actions: commands to running sessions, and what became of them.

use serde::{Deserialize, Serialize};

use crate::domain::action::Answer;
use crate::domain::name::{ActionName, SessionId};
use crate::domain::token::{FencingToken, Position};

/// A command to a running session. Its id is the position of this very event, so it is not in the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionOrdered {
    pub session: SessionId,
    /// Of the ownership that it is for. When that ends, an action without an answer is abandoned.
    pub token: FencingToken,
    pub action: ActionName,
    pub parameters: serde_json::Map<String, serde_json::Value>,
}

/// What the owner has to say of an action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionAnswered {
    pub session: SessionId,
    pub token: FencingToken,
    /// The position of its `ActionOrdered`.
    pub action: Position,
    /// What it is called, for whoever reads this event alone.
    pub name: ActionName,
    pub state: Answer,
    pub message: Option<String>,
}
