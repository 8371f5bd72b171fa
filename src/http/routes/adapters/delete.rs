//! `DELETE /v1/adapters/{name}`.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

use super::put::precondition;
use crate::domain::command::Command;
use crate::http::App;
use crate::http::address::Path;
use crate::http::auth::Caller;
use crate::http::idempotency::RequestId;
use crate::http::problem::ApiError;
use crate::http::routes::named;
use crate::orchestrator::request::Submission;

/// Deletes an adapter that is disabled and has closed. Its history stays in the log.
#[utoipa::path(delete, path = "/v1/adapters/{name}", tag = "adapters", params(RequestId, ("name" = String, Path),
        ("If-Match" = Option<String>, Header, description = "Only if this is the newest: the `ETag` of a `GET`, or `*` for any.")),
    responses((status = 204)))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let command = Command::DeleteAdapter { adapter: named("name", &name)?, precondition: precondition(&headers)? };
    app.orchestrator.submit(Submission { command, actor: caller.actor(), request_id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
