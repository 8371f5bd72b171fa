//! `POST /v1/actions/answers`: what a pod says of actions.

use axum::extract::State;

use super::claim::refused;
use crate::domain::command::{AnswerActions, Command, OwnersAnswer};
use crate::domain::name::Holder;
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::body::Json;
use crate::http::idempotency::RequestId;
use crate::http::problem::ApiError;
use crate::orchestrator::request::Submission;
use crate::wire::action::{AnswerRequest, AnswersAnswer};

/// Takes in what became of actions. Each answer is kept or refused on its own.
#[utoipa::path(post, path = "/v1/actions/answers", tag = "pods", params(RequestId), request_body = AnswerRequest,
    responses((status = 200, body = AnswersAnswer)))]
pub(crate) async fn answer(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Json(body): Json<AnswerRequest>,
) -> Result<axum::Json<AnswersAnswer>, ApiError> {
    let actor = caller.speak_for(&body.pod)?;
    let answers = body.answers.into_iter().map(|answer| OwnersAnswer {
        session: answer.session,
        token: answer.token,
        action: answer.action_id.0,
        state: answer.state,
        message: answer.message,
    });
    let holder = Holder { pod: body.pod, incarnation: body.incarnation };
    let command = Command::AnswerActions(AnswerActions { holder, answers: answers.collect(), access_token: caller.access_token });
    let done = app.orchestrator.submit(Submission { command, actor, request_id }).await?;
    let refused = done.refused.iter().map(|(session, refusal)| refused(session, refusal)).collect();
    Ok(axum::Json(AnswersAnswer { as_of: done.after.as_of(), refused }))
}
