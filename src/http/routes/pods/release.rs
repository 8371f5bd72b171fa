//! `POST /v1/releases`: the pod has closed these sessions.

use axum::extract::State;

use super::claim::refused;
use crate::domain::command::{Command, Release};
use crate::domain::event::Event;
use crate::domain::name::Holder;
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::body::Json;
use crate::http::idempotency::RequestId;
use crate::http::problem::ApiError;
use crate::orchestrator::request::Submission;
use crate::wire::pod::{ReleaseAnswer, ReleaseRequest};

/// Gives sessions back. Each is released or refused on its own.
#[utoipa::path(post, path = "/v1/releases", tag = "pods", params(RequestId), request_body = ReleaseRequest,
    responses((status = 200, body = ReleaseAnswer)))]
pub(crate) async fn release(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Json(body): Json<ReleaseRequest>,
) -> Result<axum::Json<ReleaseAnswer>, ApiError> {
    let actor = caller.speak_for(&body.pod)?;
    let holder = Holder { pod: body.pod, incarnation: body.incarnation };
    let sessions = body.sessions.into_iter().map(|lease| (lease.session, lease.token)).collect();
    let command = Command::Release(Release { holder, sessions, access_token: caller.access_token });
    let done = app.orchestrator.submit(Submission { command, actor, request_id }).await?;
    let released = done.events.iter().filter_map(|recorded| match &recorded.event {
        Event::SessionReleased(event) => Some(event.session.clone()),
        _ => None,
    });
    Ok(axum::Json(ReleaseAnswer {
        as_of: done.after.as_of(),
        released: released.collect(),
        refused: done.refused.iter().map(|(session, refusal)| refused(session, refusal)).collect(),
    }))
}
