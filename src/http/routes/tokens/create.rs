//! `POST /v1/tokens`: makes an access token, and shows it this once.

use axum::extract::State;
use axum::http::StatusCode;

use crate::domain::command::{Command, CreateAccessToken};
use crate::domain::identity::BearerToken;
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::body::Json;
use crate::http::idempotency::RequestId;
use crate::http::problem::ApiError;
use crate::orchestrator::request::Submission;
use crate::wire::access_token;

/// Makes an access token. Only its hash is stored, so the answer is the only time that it is shown.
#[utoipa::path(post, path = "/v1/tokens", tag = "access tokens", params(RequestId), request_body = access_token::CreateAccessToken,
    responses((status = 201, body = access_token::CreatedAccessToken)))]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Json(body): Json<access_token::CreateAccessToken>,
) -> Result<(StatusCode, axum::Json<access_token::CreatedAccessToken>), ApiError> {
    let token = fresh_token()?;
    let create = CreateAccessToken { id: token.id().clone(), name: body.name, role: body.role, pod: body.pod, hash: token.hash() };
    let submission = Submission { command: Command::CreateAccessToken(create), actor: caller.actor(), request_id };
    let done = app.orchestrator.submit(submission).await?;
    if done.after.fleet.access_token(token.id()).is_none() {
        // The key was used before: that request's secret was shown then, and cannot be shown again.
        let detail = "a token was made with this Idempotency-Key already, and is shown only once; use a fresh key";
        return Err(ApiError::new(StatusCode::CONFLICT, "token-shown-already", detail));
    }
    let answer = access_token::CreatedAccessToken { id: token.id().clone(), token: token.reveal().to_owned() };
    Ok((StatusCode::CREATED, axum::Json(answer)))
}

fn fresh_token() -> Result<BearerToken, ApiError> {
    let mut random = [0; 40];
    let no_randomness = |_| ApiError::unavailable("the machine has no randomness to make a token of");
    getrandom::fill(&mut random).map_err(no_randomness)?;
    Ok(BearerToken::from_randomness(&random))
}
