//! `/v1/maintenance`: adapters are taken down for a while, and exactly those brought back.

use axum::extract::State;

use crate::domain::command::Command;
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::body::{Json, OptionalJson};
use crate::http::idempotency::RequestId;
use crate::http::problem::ApiError;
use crate::http::routes::adapters::set_enabled::{switched, targets};
use crate::orchestrator::request::Submission;
use crate::wire::adapter::AdminStateRequest;
use crate::wire::maintenance::{EndMaintenance, MaintenanceAnswer};

/// Disables what is enabled among the adapters that are named, and remembers it. Watch the status move to INACTIVE.
#[utoipa::path(post, path = "/v1/maintenance", tag = "adapters", params(RequestId), request_body = AdminStateRequest,
    responses((status = 200, body = MaintenanceAnswer)))]
pub(crate) async fn begin(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Json(body): Json<AdminStateRequest>,
) -> Result<axum::Json<MaintenanceAnswer>, ApiError> {
    let targets = targets(&body)?;
    carry_out(&app, &caller, request_id, Command::BeginMaintenance { targets, reason: body.reason }).await
}

/// Enables what maintenance has disabled, and nothing else.
#[utoipa::path(delete, path = "/v1/maintenance", tag = "adapters", params(RequestId), request_body = Option<EndMaintenance>,
    responses((status = 200, body = MaintenanceAnswer)))]
pub(crate) async fn end(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    OptionalJson(body): OptionalJson<EndMaintenance>,
) -> Result<axum::Json<MaintenanceAnswer>, ApiError> {
    carry_out(&app, &caller, request_id, Command::EndMaintenance { reason: body.reason }).await
}

/// What a maintenance will bring back when it ends.
#[utoipa::path(get, path = "/v1/maintenance", tag = "adapters",
    responses((status = 200, body = MaintenanceAnswer)))]
pub(crate) async fn show(State(app): State<App>) -> axum::Json<MaintenanceAnswer> {
    let snapshot = app.read();
    let adapters = snapshot.fleet.maintained().cloned().collect();
    axum::Json(MaintenanceAnswer { as_of: snapshot.as_of(), changed: Vec::new(), adapters })
}

async fn carry_out(
    app: &App,
    caller: &Caller,
    request_id: uuid::Uuid,
    command: Command,
) -> Result<axum::Json<MaintenanceAnswer>, ApiError> {
    let done = app.orchestrator.submit(Submission { command, actor: caller.actor(), request_id }).await?;
    let adapters = done.after.fleet.maintained().cloned().collect();
    Ok(axum::Json(MaintenanceAnswer { as_of: done.after.as_of(), changed: switched(done.events).collect(), adapters }))
}
