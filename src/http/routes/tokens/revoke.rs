//! `DELETE /v1/tokens/{id}`.

use axum::extract::State;
use axum::http::StatusCode;

use crate::domain::command::Command;
use crate::http::App;
use crate::http::address::Path;
use crate::http::auth::Caller;
use crate::http::idempotency::RequestId;
use crate::http::problem::ApiError;
use crate::orchestrator::request::Submission;

/// Revokes an access token. It opens nothing from now on; streams that it opened end.
#[utoipa::path(delete, path = "/v1/tokens/{id}", tag = "access tokens", params(RequestId, ("id" = String, Path)),
    responses((status = 204)))]
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id = id.parse().map_err(|error| ApiError::invalid("id", format!("{error}")))?;
    app.orchestrator.submit(Submission { command: Command::RevokeAccessToken { id }, actor: caller.actor(), request_id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
