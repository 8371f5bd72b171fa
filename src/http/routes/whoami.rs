//! `GET /v1/whoami`: as whom a request is let in, so that a client offers nothing that would be refused.

use crate::http::auth::Caller;
use crate::wire::access_token::WhoAmI;

/// Name and role of the access token that is shown.
#[utoipa::path(get, path = "/v1/whoami", tag = "access tokens",
    responses((status = 200, body = WhoAmI)))]
pub(crate) async fn whoami(caller: Caller) -> axum::Json<WhoAmI> {
    axum::Json(WhoAmI { id: caller.access_token, name: caller.name.to_string(), role: caller.role, pod: caller.bound_to })
}
