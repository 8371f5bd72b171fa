//! `POST /v1/pods/{pod}/drain`: hand over all sessions of a pod and give it no new ones.

use axum::extract::State;

use crate::domain::command::{Command, Drain};
use crate::domain::decide::preview_drain;
use crate::domain::identity::Role;
use crate::domain::name::PodName;
use crate::domain::placement;
use crate::http::App;
use crate::http::address::Path;
use crate::http::auth::Caller;
use crate::http::body::OptionalJson;
use crate::http::idempotency::RequestId;
use crate::http::problem::ApiError;
use crate::http::routes::named;
use crate::orchestrator::request::Submission;
use crate::orchestrator::snapshot::Snapshot;
use crate::wire::pod::{DrainAnswer, DrainRequest, PlannedHandover};

/// Drains a pod. What no other pod has room for stays until there is some.
#[utoipa::path(post, path = "/v1/pods/{pod}/drain", tag = "pods", params(RequestId, ("pod" = String, Path)), request_body = Option<DrainRequest>,
    responses((status = 200, body = DrainAnswer)))]
pub(crate) async fn drain(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Path(pod): Path<String>,
    OptionalJson(body): OptionalJson<DrainRequest>,
) -> Result<axum::Json<DrainAnswer>, ApiError> {
    let pod: PodName = named("pod", &pod)?;
    let by_itself = caller.role == Role::Pod;
    let actor = if by_itself { caller.speak_for(&pod)? } else { caller.actor() };
    if by_itself && body.incarnation.is_none() {
        return Err(ApiError::invalid("incarnation", "a pod that drains itself names its incarnation"));
    }
    if body.dry_run {
        let snapshot = app.orchestrator.current().await?;
        return answer(&snapshot, &pod).map(axum::Json);
    }
    let drain = Drain {
        pod: pod.clone(),
        incarnation: body.incarnation,
        access_token: by_itself.then_some(caller.access_token),
        reason: body.reason,
    };
    let done = app.orchestrator.submit(Submission { command: Command::Drain(drain), actor, request_id }).await?;
    answer(&done.after, &pod).map(axum::Json)
}

/// Where the sessions of a pod go, or why they stay for now.
pub(crate) fn answer(snapshot: &Snapshot, pod: &PodName) -> Result<DrainAnswer, ApiError> {
    let plan = preview_drain(&snapshot.fleet, pod, &snapshot.sight)?;
    let handovers = plan.into_iter().map(|(session, to)| {
        let nowhere = || placement::choose(&snapshot.fleet, &session, Some(pod), &snapshot.sight).err().map(|why| why.to_string());
        let reason = if to.is_none() { nowhere() } else { None };
        PlannedHandover { session, to, reason }
    });
    Ok(DrainAnswer { as_of: snapshot.as_of(), handovers: handovers.collect() })
}
