//! Access tokens: made, listed, revoked.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::identity::{AccessTokenId, Role};
use crate::domain::name::PodName;

/// `POST /v1/tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAccessToken {
    /// For people: whose it is, or what for.
    pub name: String,
    pub role: Role,
    /// Binds a token of role `pod` to this pod name.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<PodName>,
}

/// The answer to `POST /v1/tokens`: the only time that the secret is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedAccessToken {
    #[schema(value_type = String)]
    pub id: AccessTokenId,
    pub token: String,
}

/// `GET /v1/whoami`: who the access token of the request says that somebody is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhoAmI {
    /// The id of the access token.
    #[schema(value_type = String)]
    pub id: AccessTokenId,
    pub name: String,
    pub role: Role,
    /// The pod that a token of role `pod` is bound to.
    #[schema(value_type = Option<String>)]
    pub pod: Option<PodName>,
}

/// `GET /v1/tokens`: an access token without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccessTokenView {
    #[schema(value_type = String)]
    pub id: AccessTokenId,
    pub name: String,
    pub role: Role,
    #[schema(value_type = Option<String>)]
    pub pod: Option<PodName>,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
}
