//! `DELETE /v1/artifacts/{name}`.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

use crate::domain::command::Command;
use crate::http::App;
use crate::http::address::Path;
use crate::http::auth::Caller;
use crate::http::idempotency::RequestId;
use crate::http::problem::ApiError;
use crate::http::routes::adapters::put::precondition;
use crate::http::routes::named;
use crate::orchestrator::request::Submission;

/// Deletes an artifact that no adapter names. Its content stays, because the event log names it.
#[utoipa::path(delete, path = "/v1/artifacts/{name}", tag = "artifacts", params(RequestId, ("name" = String, Path),
        ("If-Match" = Option<String>, Header, description = "Only if this is the newest: the `ETag` of a `GET`, or `*` for any.")),
    responses((status = 204)))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let command = Command::DeleteArtifact { artifact: named("name", &name)?, precondition: precondition(&headers)? };
    app.orchestrator.submit(Submission { command, actor: caller.actor(), request_id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
