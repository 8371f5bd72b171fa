//! `POST /v1/adapters/enable` and `…/disable`.

use std::collections::BTreeSet;

use axum::extract::State;

use crate::domain::command::{Command, SetEnabled, Targets};
use crate::domain::event::{Event, Recorded};
use crate::domain::name::AdapterName;
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::body::Json;
use crate::http::idempotency::RequestId;
use crate::http::problem::ApiError;
use crate::orchestrator::request::Submission;
use crate::wire::adapter::{AdminStateAnswer, AdminStateRequest};

/// Enables adapters: all that are named, or none if one is unknown.
#[utoipa::path(post, path = "/v1/adapters/enable", tag = "adapters", params(RequestId), request_body = AdminStateRequest,
    responses((status = 200, body = AdminStateAnswer)))]
pub(crate) async fn enable(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Json(body): Json<AdminStateRequest>,
) -> Result<axum::Json<AdminStateAnswer>, ApiError> {
    set_enabled(app, &caller, request_id, body, true).await
}

/// Disables adapters. Their sessions close in order; watch the operational status move to INACTIVE.
#[utoipa::path(post, path = "/v1/adapters/disable", tag = "adapters", params(RequestId), request_body = AdminStateRequest,
    responses((status = 200, body = AdminStateAnswer)))]
pub(crate) async fn disable(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Json(body): Json<AdminStateRequest>,
) -> Result<axum::Json<AdminStateAnswer>, ApiError> {
    set_enabled(app, &caller, request_id, body, false).await
}

async fn set_enabled(
    app: App,
    caller: &Caller,
    request_id: uuid::Uuid,
    body: AdminStateRequest,
    enabled: bool,
) -> Result<axum::Json<AdminStateAnswer>, ApiError> {
    let targets = targets(&body)?;
    let command = Command::SetEnabled(SetEnabled { targets, enabled, reason: body.reason });
    let done = app.orchestrator.submit(Submission { command, actor: caller.actor(), request_id }).await?;
    let changed: BTreeSet<AdapterName> = switched(done.events).collect();
    let meant: BTreeSet<AdapterName> =
        if body.all { done.after.fleet.adapters().map(|(name, _)| name.clone()).collect() } else { body.names.into_iter().collect() };
    let unchanged = meant.difference(&changed).cloned().collect();
    Ok(axum::Json(AdminStateAnswer { as_of: done.after.as_of(), changed: changed.into_iter().collect(), unchanged }))
}

/// Which adapters a request is for.
pub(crate) fn targets(request: &AdminStateRequest) -> Result<Targets, ApiError> {
    match (request.all, request.names.is_empty()) {
        (true, true) => Ok(Targets::All),
        (false, false) => Ok(Targets::Named(request.names.clone())),
        _ => Err(ApiError::invalid("names", "give either names or \"all\": true")),
    }
}

/// The adapters that events enabled or disabled.
pub(crate) fn switched(events: Vec<Recorded>) -> impl Iterator<Item = AdapterName> {
    events.into_iter().filter_map(|recorded| match recorded.event {
        Event::AdapterEnabled(event) => Some(event.adapter),
        Event::AdapterDisabled(event) => Some(event.adapter),
        _ => None,
    })
}
