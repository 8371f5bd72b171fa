//! `GET /healthz` and `GET /readyz`.

use axum::extract::State;
use axum::http::StatusCode;
use tokio::time::Instant;

use crate::http::App;
use crate::orchestrator::connections::ConnectionState;
use crate::wire::status::{Connections, Readiness};

/// Liveness. Never touches the database: a restart would not mend it.
#[utoipa::path(get, path = "/healthz", tag = "operations", security(()), responses((status = 200)))]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
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
    let readiness = readiness(&app);
    (if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, axum::Json(readiness))
}

/// From memory alone, so it can be told whatever the database does.
pub(super) fn readiness(app: &App) -> Readiness {
    let snapshot = app.orchestrator.latest();
    let trouble = app.orchestrator.trouble();
    let [append, listen, read] = app.orchestrator.connection_states().map(|(_, state)| state);
    let ready = trouble.is_none();
    let lag = Instant::now().saturating_duration_since(snapshot.sight.last_contact());
    Readiness {
        ready,
        orchestrator: app.name.to_string(),
        version: env!("CARGO_PKG_VERSION").into(),
        database: if ready { "connected" } else { "out of reach" }.into(),
        reason: trouble.map(|trouble| trouble.to_string()),
        connections: Connections { append: said(append), listen: said(listen), read: said(read) },
        epoch: snapshot.fleet.epoch(),
        settling: snapshot.fleet.settling().is_some(),
        position: snapshot.position,
        lag_ms: u64::try_from(lag.as_millis()).unwrap_or(u64::MAX),
    }
}
