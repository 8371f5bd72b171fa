//! `POST /v1/pods/{pod}/undrain`: the pod may be given sessions again.

use axum::extract::State;

use crate::domain::command::Command;
use crate::domain::name::PodName;
use crate::http::App;
use crate::http::address::Path;
use crate::http::auth::Caller;
use crate::http::idempotency::RequestId;
use crate::http::problem::ApiError;
use crate::http::routes::named;
use crate::orchestrator::request::Submission;
use crate::wire::pod::DrainAnswer;

/// Takes a draining pod back. Sessions that were ordered away still go.
#[utoipa::path(post, path = "/v1/pods/{pod}/undrain", tag = "pods", params(RequestId, ("pod" = String, Path)),
    responses((status = 200, body = DrainAnswer)))]
pub(crate) async fn undrain(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Path(pod): Path<String>,
) -> Result<axum::Json<DrainAnswer>, ApiError> {
    let pod: PodName = named("pod", &pod)?;
    let done = app.orchestrator.submit(Submission { command: Command::Undrain { pod }, actor: caller.actor(), request_id }).await?;
    Ok(axum::Json(DrainAnswer { as_of: done.after.as_of(), handovers: Vec::new() }))
}
