//! `GET /metrics`, in the text format of Prometheus.

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use prometheus_client::encoding::text::encode;
use tokio::time::Instant;

use crate::domain::explain::status_of;
use crate::domain::fleet::RegistrationState;
use crate::domain::status::OperationalStatus;
use crate::http::App;
use crate::http::problem::ApiError;
use crate::orchestrator::connections::ConnectionState;
use crate::orchestrator::metrics::{KindLabel, Metrics, StateLabel, StatusLabel};
use crate::orchestrator::snapshot::Snapshot;

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What this orchestrator counts. Holds no names, so it needs no access token.
#[utoipa::path(get, path = "/metrics", tag = "operations", security(()), responses((status = 200, content_type = "application/openmetrics-text")))]
pub(crate) async fn metrics(State(app): State<App>) -> Result<([(HeaderName, &'static str); 1], String), ApiError> {
    let metrics = &app.orchestrator.metrics;
    look_at_fleet(&app.orchestrator.latest(), metrics);
    for (kind, state) in app.orchestrator.connection_states() {
        let failed = matches!(state, ConnectionState::Failed(_));
        metrics.connection_failed.get_or_create(&KindLabel { kind }).set(failed.into());
    }
    let (busy, idle) = app.reader.load();
    metrics.read_connections.get_or_create(&StateLabel { state: "busy" }).set(number(busy));
    metrics.read_connections.get_or_create(&StateLabel { state: "idle" }).set(number(idle));
    metrics.streams.set(number(app.orchestrator.hub.streams()));
    let mut text = String::new();
    let fault = |_| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", "the metrics cannot be written");
    encode(&mut text, &metrics.registry).map_err(fault)?;
    Ok(([(header::CONTENT_TYPE, TEXT)], text))
}

/// What is worked out when somebody asks.
fn look_at_fleet(snapshot: &Snapshot, metrics: &Metrics) {
    let fleet = &snapshot.fleet;
    for status in [OperationalStatus::Inactive, OperationalStatus::Claiming, OperationalStatus::Active, OperationalStatus::Error] {
        let count = fleet.sessions().filter(|(id, _)| status_of(fleet, id, &snapshot.sight).0 == status).count();
        metrics.sessions.get_or_create(&StatusLabel { status: status.as_str() }).set(number(count));
    }
    metrics.enabled_sessions.set(number(fleet.sessions().filter(|(id, _)| fleet.wants(id)).count()));
    let (draining, ready): (Vec<_>, Vec<_>) = fleet.pods().partition(|(_, pod)| pod.state == RegistrationState::Draining);
    metrics.pods.get_or_create(&StateLabel { state: "ready" }).set(number(ready.len()));
    metrics.pods.get_or_create(&StateLabel { state: "draining" }).set(number(draining.len()));
    let lag = Instant::now().saturating_duration_since(snapshot.sight.last_contact());
    metrics.follower_lag_seconds.set(lag.as_secs_f64());
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
