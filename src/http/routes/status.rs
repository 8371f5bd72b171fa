//! `GET /v1/status`: how this orchestrator and its database are, for whoever looks at the whole.

use std::time::Duration;

use axum::extract::State;
use tokio::time::timeout;

use super::health::readiness;
use crate::http::App;
use crate::log::{Connection, LogError, Standby, read_server, read_standbys};
use crate::wire::status::{DatabaseServer, StandbyView, StatusView};

/// Longest wait for the database: what is known without it is worth more than the rest.
const PATIENCE: Duration = Duration::from_secs(2);

/// How this orchestrator and its database are. Answered with 200 while the database is away, too.
#[utoipa::path(get, path = "/v1/status", tag = "operations",
    responses((status = 200, body = StatusView)))]
pub(crate) async fn status(State(app): State<App>) -> axum::Json<StatusView> {
    let readiness = readiness(&app);
    let server = if readiness.ready { timeout(PATIENCE, app.store.ask(look)).await.ok().and_then(Result::ok) } else { None };
    axum::Json(StatusView { readiness, server })
}

async fn look(connection: &Connection) -> Result<DatabaseServer, LogError> {
    let server = read_server(connection).await?;
    // Some services refuse to tell of standbys, which says nothing against the rest.
    let standbys = read_standbys(connection).await.unwrap_or_default();
    Ok(DatabaseServer {
        version: server.version,
        role: if server.standby { "standby" } else { "primary" }.into(),
        standbys: standbys.into_iter().map(view).collect(),
    })
}

fn view(standby: Standby) -> StandbyView {
    let Standby { name, state, sync_state, lag_ms } = standby;
    StandbyView { name, state, sync_state, lag_ms }
}
