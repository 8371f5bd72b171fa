//! Moves that even out what pods have to do, as they are asked for and told of.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::push::AsOf;
use crate::domain::name::{PodName, SessionId};

/// `POST /v1/rebalance`, optional.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RebalanceRequest {
    /// Sessions that are moved at most, 1 to 100.
    #[serde(default = "ten")]
    pub max_moves: u32,
    /// Only says what would be moved.
    #[serde(default)]
    pub dry_run: bool,
}

fn ten() -> u32 {
    10
}

impl Default for RebalanceRequest {
    fn default() -> Self {
        Self { max_moves: ten(), dry_run: false }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RebalanceAnswer {
    #[serde(flatten)]
    pub as_of: AsOf,
    /// None if the pods have as even a load as moves can give them.
    pub moves: Vec<OrderedMove>,
}

/// One session that is asked to move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderedMove {
    #[schema(value_type = String)]
    pub session: SessionId,
    /// Who has it now.
    #[schema(value_type = Option<String>)]
    pub from: Option<PodName>,
    #[schema(value_type = String)]
    pub to: PodName,
}
