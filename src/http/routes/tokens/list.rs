//! `GET /v1/tokens`.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::App;
use crate::wire::access_token::AccessTokenView;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccessTokens {
    tokens: Vec<AccessTokenView>,
}

/// All access tokens, without their secrets.
#[utoipa::path(get, path = "/v1/tokens", tag = "access tokens",
    responses((status = 200, body = AccessTokens)))]
pub(crate) async fn list(State(app): State<App>) -> axum::Json<AccessTokens> {
    let snapshot = app.read();
    let tokens = snapshot.fleet.access_tokens().map(|(id, issued)| AccessTokenView {
        id: id.clone(),
        name: issued.token.name.clone(),
        role: issued.token.role,
        pod: issued.token.pod.clone(),
        created_at: issued.created_at,
        created_by: issued.created_by.clone(),
    });
    axum::Json(AccessTokens { tokens: tokens.collect() })
}
