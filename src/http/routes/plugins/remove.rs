//! `DELETE /v1/plugins/{name}`.

use axum::extract::State;
use axum::http::StatusCode;

use crate::domain::command::Command;
use crate::http::App;
use crate::http::address::Path;
use crate::http::auth::Caller;
use crate::http::idempotency::RequestId;
use crate::http::problem::ApiError;
use crate::http::routes::named;
use crate::orchestrator::request::Submission;

/// Removes a plugin whose connector no adapter names.
#[utoipa::path(delete, path = "/v1/plugins/{name}", tag = "plugins", params(RequestId, ("name" = String, Path)),
    responses((status = 204)))]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    let command = Command::RemovePlugin { plugin: named("name", &name)? };
    app.orchestrator.submit(Submission { command, actor: caller.actor(), request_id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
