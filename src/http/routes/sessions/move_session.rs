//! `POST /v1/sessions/{adapter}/{ordinal}/move`: a planned handover to a named pod.

use axum::extract::State;

use crate::domain::command::{Command, MoveSession};
use crate::domain::decide::judge_move;
use crate::domain::name::SessionId;
use crate::http::App;
use crate::http::address::Path;
use crate::http::auth::Caller;
use crate::http::body::Json;
use crate::http::idempotency::RequestId;
use crate::http::problem::ApiError;
use crate::http::routes::named;
use crate::orchestrator::request::Submission;
use crate::wire::session::{MoveAnswer, MoveRequest};

/// Orders the owner to close the session, and its start elsewhere as soon as it has.
#[utoipa::path(post, path = "/v1/sessions/{adapter}/{ordinal}/move", tag = "sessions",
    params(RequestId, ("adapter" = String, Path), ("ordinal" = u16, Path)), request_body = MoveRequest,
    responses((status = 200, body = MoveAnswer)))]
pub(crate) async fn move_session(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Path((adapter, ordinal)): Path<(String, String)>,
    Json(MoveRequest { to, dry_run }): Json<MoveRequest>,
) -> Result<axum::Json<MoveAnswer>, ApiError> {
    let session: SessionId = named("session", &format!("{adapter}/{ordinal}"))?;
    let order = MoveSession { session: session.clone(), to: to.clone() };
    let snapshot = if dry_run {
        let snapshot = app.orchestrator.current().await?;
        judge_move(&snapshot.fleet, &order, &snapshot.sight)?;
        snapshot
    } else {
        app.orchestrator.submit(Submission { command: Command::Move(order), actor: caller.actor(), request_id }).await?.after
    };
    let lease = snapshot.fleet.session(&session).and_then(|entry| entry.lease.as_ref());
    Ok(axum::Json(MoveAnswer { as_of: snapshot.as_of(), session, from: lease.map(|lease| lease.holder.clone()), to }))
}
