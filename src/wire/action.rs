//! Actions: ordered by people, carried out and answered by pods.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::pod::RefusedSession;
use super::push::AsOf;
use crate::domain::action::{ActionId, ActionState, Answer};
use crate::domain::name::{ActionName, Holder, Incarnation, PodName, SessionId};
use crate::domain::token::FencingToken;

/// `POST /v1/sessions/{adapter}/{ordinal}/actions`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionRequest {
    #[schema(value_type = String, example = "set-sequence")]
    pub action: ActionName,
    #[schema(value_type = Object)]
    #[serde(default)]
    pub parameters: serde_json::Map<String, serde_json::Value>,
}

/// An action that was ordered. What becomes of it stands in the list of actions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ActionAccepted {
    #[serde(flatten)]
    pub as_of: AsOf,
    #[schema(value_type = String)]
    pub action_id: ActionId,
    #[schema(value_type = String)]
    pub session: SessionId,
    /// Of the ownership that it is for.
    #[schema(value_type = String)]
    pub token: FencingToken,
    pub owner: Holder,
}

/// One action and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ActionView {
    #[schema(value_type = String)]
    pub action_id: ActionId,
    #[schema(value_type = String)]
    pub session: SessionId,
    #[schema(value_type = String)]
    pub token: FencingToken,
    #[schema(value_type = String)]
    pub action: ActionName,
    #[schema(value_type = Object)]
    pub parameters: serde_json::Map<String, serde_json::Value>,
    pub state: ActionState,
    /// What the owner said last.
    pub message: Option<String>,
    pub ordered_at: DateTime<Utc>,
    pub ordered_by: String,
    /// When it came to this state, if the owner has said anything or is gone.
    pub answered_at: Option<DateTime<Utc>>,
}

/// A page of actions, newest first. `next` is the `before` of the next page, and absent on the last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ActionPage {
    pub actions: Vec<ActionView>,
    #[schema(value_type = Option<String>)]
    pub next: Option<ActionId>,
}

/// An action as its pod is told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PodAction {
    #[schema(value_type = String)]
    pub action_id: ActionId,
    #[schema(value_type = String)]
    pub action: ActionName,
    #[schema(value_type = Object)]
    pub parameters: serde_json::Map<String, serde_json::Value>,
}

/// The same where the lease that it is for does not stand beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionAction {
    #[schema(value_type = String)]
    pub session: SessionId,
    #[schema(value_type = String)]
    pub token: FencingToken,
    #[serde(flatten)]
    pub action: PodAction,
}

/// `POST /v1/actions/answers`: what a pod says of actions. Sent again under the same `Idempotency-Key` until it is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerRequest {
    #[schema(value_type = String)]
    pub pod: PodName,
    #[schema(value_type = String)]
    pub incarnation: Incarnation,
    /// At most 100.
    pub answers: Vec<NewAnswer>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAnswer {
    #[schema(value_type = String)]
    pub session: SessionId,
    #[schema(value_type = String)]
    pub token: FencingToken,
    #[schema(value_type = String)]
    pub action_id: ActionId,
    pub state: Answer,
    /// The first 500 characters are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AnswersAnswer {
    #[serde(flatten)]
    pub as_of: AsOf,
    pub refused: Vec<RefusedSession>,
}
