//! `POST /v1/claims`: sessions by name.

use std::collections::{HashMap, HashSet};

use axum::extract::State;
use uuid::Uuid;

use crate::domain::command::{Claim, Command};
use crate::domain::name::{Holder, SessionId};
use crate::domain::refusal::Refusal;
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::body::Json;
use crate::http::problem::ApiError;
use crate::http::views;
use crate::orchestrator::request::{Done, Submission};
use crate::wire::pod::{ClaimAnswer, ClaimRequest, RefusedSession};

/// Sessions in one request at most.
const MAX_SESSIONS: usize = 10_000;

/// Claims sessions by name. Each is granted or refused on its own.
#[utoipa::path(post, path = "/v1/claims", tag = "pods", request_body = ClaimRequest,
    responses((status = 200, body = ClaimAnswer)))]
pub(crate) async fn claim(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ClaimRequest>,
) -> Result<axum::Json<ClaimAnswer>, ApiError> {
    let actor = caller.speak_for(&body.pod)?;
    let ClaimRequest { pod, incarnation, request_id, mut sessions } = body;
    check(request_id, &sessions)?;
    let mut named = HashSet::new();
    sessions.retain(|session| named.insert(session.clone()));
    let holder = Holder { pod, incarnation };
    let command = Command::Claim(Claim { holder: holder.clone(), sessions: sessions.clone(), access_token: caller.access_token });
    let done = app.orchestrator.submit(Submission { command, actor, request_id }).await?;
    Ok(axum::Json(answer(&done, &holder, &sessions)))
}

fn check(request_id: Uuid, sessions: &[SessionId]) -> Result<(), ApiError> {
    if request_id.is_nil() {
        return Err(ApiError::invalid("request_id", "make a fresh UUID for each request"));
    }
    if sessions.is_empty() || sessions.len() > MAX_SESSIONS {
        return Err(ApiError::invalid("sessions", format!("name 1 to {MAX_SESSIONS} sessions, not {}", sessions.len())));
    }
    Ok(())
}

fn answer(done: &Done, holder: &Holder, sessions: &[SessionId]) -> ClaimAnswer {
    let snapshot = &done.after;
    let refusals: HashMap<&SessionId, &Refusal> = done.refused.iter().map(|(session, refusal)| (session, refusal)).collect();
    let mut answer = ClaimAnswer { as_of: snapshot.as_of(), granted: Vec::new(), refused: Vec::new() };
    for session in sessions {
        let lease = snapshot.fleet.session(session).and_then(|entry| entry.lease.as_ref());
        let own = lease.filter(|lease| lease.holder == *holder).map(|lease| views::grant(snapshot, session, lease));
        match (own, refusals.get(session)) {
            (Some(grant), _) => answer.granted.push(grant),
            (None, Some(refusal)) => answer.refused.push(refused(session, refusal)),
            // Only when a request that was carried out earlier is sent again.
            (None, None) => answer.refused.push(RefusedSession {
                session: session.clone(),
                code: "lease-not-held".into(),
                reason: "this request was carried out before, and the session is not this pod's (any more)".into(),
            }),
        }
    }
    answer
}

/// A session that a request did not get, as the wire says it.
pub(crate) fn refused(session: &SessionId, refusal: &Refusal) -> RefusedSession {
    RefusedSession { session: session.clone(), code: refusal.code().into(), reason: refusal.to_string() }
}
