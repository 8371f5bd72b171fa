//! `POST /v1/pods`: a pod's standing claim.

use axum::extract::State;

use crate::domain::command::{Command, Register};
use crate::domain::name::Holder;
use crate::domain::refusal::Refusal;
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::body::Json;
use crate::http::idempotency::RequestId;
use crate::http::problem::ApiError;
use crate::http::views;
use crate::orchestrator::request::Submission;
use crate::orchestrator::snapshot::Snapshot;
use crate::wire::pod::{RegisterAnswer, RegisterRequest};

/// Registers a pod. A newer incarnation of a name supersedes the older.
#[utoipa::path(post, path = "/v1/pods", tag = "pods", params(RequestId), request_body = RegisterRequest,
    responses((status = 200, body = RegisterAnswer)))]
pub(crate) async fn register(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Json(body): Json<RegisterRequest>,
) -> Result<axum::Json<RegisterAnswer>, ApiError> {
    let actor = caller.speak_for(&body.pod)?;
    let holder = Holder { pod: body.pod, incarnation: body.incarnation };
    let register = Register {
        holder: holder.clone(),
        capacity: body.capacity,
        labels: body.labels,
        connectors: body.connectors,
        platform: body.platform,
        access_token: caller.access_token,
    };
    let done = app.orchestrator.submit(Submission { command: Command::Register(register), actor, request_id }).await?;
    answer(&done.after, holder).map(axum::Json).map_err(Into::into)
}

/// What a process holds that has just registered.
pub(crate) fn answer(snapshot: &Snapshot, holder: Holder) -> Result<RegisterAnswer, Refusal> {
    let (registration, _) = snapshot.fleet.registration_of(&holder).ok_or(Refusal::HolderUnknown(holder))?;
    Ok(RegisterAnswer {
        as_of: snapshot.as_of(),
        registration,
        heartbeat_interval_ms: views::heartbeat_interval_ms(snapshot),
        // A process that registers holds nothing yet, so it has nothing to confirm.
        leases: views::grants(snapshot, registration).into_iter().filter(|lease| !lease.unconfirmed).collect(),
    })
}
