//! `GET /healthz` and `GET /readyz`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use crate::domain::token::{Epoch, Position};
use crate::http::App;
use crate::orchestrator::connections::ConnectionState;

/// Liveness. Never touches the database: a restart would not mend it.
#[utoipa::path(get, path = "/healthz", tag = "operations", security(()), responses((status = 200)))]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Readiness {
    ready: bool,
    orchestrator: String,
    database: &'static str,
    /// What is in the way, if it is not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    connections: Connections,
    #[schema(value_type = i32)]
    epoch: Epoch,
    /// Whether sessions without an owner wait because a new epoch began.
    settling: bool,
    position: Position,
}

/// The connections to the database by what they are for. Only `append` decides on readiness.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Connections {
    append: String,
    listen: String,
    read: String,
}

fn said(state: ConnectionState) -> String {
    match state {
        ConnectionState::Unused => "unused".into(),
        ConnectionState::Connected => "connected".into(),
        ConnectionState::Failed(reason) => reason.to_string(),
    }
}

/// Readiness: whether heartbeats can be recorded here now.
#[utoipa::path(get, path = "/readyz", tag = "operations", security(()), responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
pub(crate) async fn readyz(State(app): State<App>) -> (StatusCode, axum::Json<Readiness>) {
    let snapshot = app.orchestrator.latest();
    let trouble = app.orchestrator.trouble();
    let [append, listen, read] = app.orchestrator.connection_states().map(|(_, state)| state);
    let ready = trouble.is_none();
    let readiness = Readiness {
        ready,
        orchestrator: app.name.to_string(),
        database: if ready { "connected" } else { "out of reach" },
        reason: trouble.map(|trouble| trouble.to_string()),
        connections: Connections { append: said(append), listen: said(listen), read: said(read) },
        epoch: snapshot.fleet.epoch(),
        settling: snapshot.fleet.settling().is_some(),
        position: snapshot.position,
    };
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, axum::Json(readiness))
}
