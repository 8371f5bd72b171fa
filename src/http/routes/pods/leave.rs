//! `DELETE /v1/pods/{pod}?incarnation=`: a pod that has released everything says goodbye.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use crate::domain::command::{Command, Leave};
use crate::domain::name::{Holder, Incarnation, PodName};
use crate::http::App;
use crate::http::address::{Path, Query};
use crate::http::auth::Caller;
use crate::http::idempotency::RequestId;
use crate::http::problem::ApiError;
use crate::http::routes::named;
use crate::orchestrator::request::Submission;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    incarnation: String,
}

/// Ends the registration of a pod that holds no session.
#[utoipa::path(delete, path = "/v1/pods/{pod}", tag = "pods", params(RequestId, ("pod" = String, Path), ("incarnation" = String, Query)),
    responses((status = 204)))]
pub(crate) async fn leave(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Path(pod): Path<String>,
    Query(Which { incarnation }): Query<Which>,
) -> Result<StatusCode, ApiError> {
    let pod: PodName = named("pod", &pod)?;
    let incarnation: Incarnation = named("incarnation", &incarnation)?;
    let actor = caller.speak_for(&pod)?;
    let command = Command::Leave(Leave { holder: Holder { pod, incarnation }, access_token: caller.access_token });
    app.orchestrator.submit(Submission { command, actor, request_id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
