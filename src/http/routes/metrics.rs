//! `GET /metrics`, in the text format of Prometheus.

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use prometheus_client::encoding::text::encode;

use crate::domain::explain::status_of;
use crate::domain::status::OperationalStatus;
use crate::http::App;
use crate::http::problem::ApiError;
use crate::orchestrator::connections::ConnectionState;
use crate::orchestrator::metrics::{KindLabel, StatusLabel};

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What this orchestrator counts. Holds no names, so it needs no access token.
#[utoipa::path(get, path = "/metrics", tag = "operations", security(()), responses((status = 200, content_type = "text/plain")))]
pub(crate) async fn metrics(State(app): State<App>) -> Result<([(HeaderName, &'static str); 1], String), ApiError> {
    let metrics = &app.orchestrator.metrics;
    let snapshot = app.orchestrator.latest();
    for status in [OperationalStatus::Inactive, OperationalStatus::Claiming, OperationalStatus::Active, OperationalStatus::Error] {
        let count = snapshot.fleet.sessions().filter(|(id, _)| status_of(&snapshot.fleet, id, &snapshot.sight).0 == status).count();
        metrics.sessions.get_or_create(&StatusLabel { status: status.as_str() }).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    for (kind, state) in app.orchestrator.connection_states() {
        let failed = matches!(state, ConnectionState::Failed(_));
        metrics.connection_failed.get_or_create(&KindLabel { kind }).set(failed.into());
    }
    metrics.streams.set(i64::try_from(app.orchestrator.hub.streams()).unwrap_or(i64::MAX));
    let mut text = String::new();
    let fault = |_| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", "the metrics cannot be written");
    encode(&mut text, &metrics.registry).map_err(fault)?;
    Ok(([(header::CONTENT_TYPE, TEXT)], text))
}
