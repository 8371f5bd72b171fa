//! `POST /v1/log`: what the connectors of a pod have to say.

use axum::extract::State;

use super::claim::refused;
use crate::domain::command::{Command, Entry, Log};
use crate::domain::name::Holder;
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::body::Json;
use crate::http::idempotency::RequestId;
use crate::http::problem::ApiError;
use crate::orchestrator::request::Submission;
use crate::wire::log::{LogAnswer, LogRequest};

/// Adds entries to the event logs of adapters.
#[utoipa::path(post, path = "/v1/log", tag = "pods", params(RequestId), request_body = LogRequest,
    responses((status = 200, body = LogAnswer)))]
pub(crate) async fn log(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Json(body): Json<LogRequest>,
) -> Result<axum::Json<LogAnswer>, ApiError> {
    let actor = caller.speak_for(&body.pod)?;
    let entries = body.entries.into_iter().map(|entry| Entry {
        session: entry.session,
        token: entry.token,
        level: entry.level,
        category: entry.category,
        message: entry.message,
    });
    let holder = Holder { pod: body.pod, incarnation: body.incarnation };
    let log = Log { holder, entries: entries.collect(), access_token: caller.access_token };
    let done = app.orchestrator.submit(Submission { command: Command::Log(log), actor, request_id }).await?;
    let refused = done.refused.iter().map(|(session, refusal)| refused(session, refusal)).collect();
    Ok(axum::Json(LogAnswer { as_of: done.after.as_of(), refused }))
}
