//! `GET /v1/pods/{pod}/heartbeats`: when a pod was heard.

use axum::extract::State;
use serde::Deserialize;

use crate::domain::name::PodName;
use crate::domain::refusal::Refusal;
use crate::http::address::{Path, Query};
use crate::http::problem::ApiError;
use crate::http::routes::named;
use crate::http::scene::AtQuery;
use crate::http::{App, views};
use crate::log::read_heartbeats;
use crate::wire::heartbeat::Heartbeats;

/// Heartbeats in one answer at most.
const MAX_HEARTBEATS: i64 = 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    limit: Option<i64>,
    at: Option<String>,
}

/// The heartbeats of a pod's registration, newest first, as far back as pulses are kept and 50,000 positions at most.
#[utoipa::path(get, path = "/v1/pods/{pod}/heartbeats", tag = "pods",
    params(("pod" = String, Path), ("limit" = Option<i64>, Query), ("at" = Option<String>, Query)),
    responses((status = 200, body = Heartbeats)))]
pub(crate) async fn heartbeats(
    State(app): State<App>,
    Path(pod): Path<String>,
    Query(filter): Query<Filter>,
) -> Result<axum::Json<Heartbeats>, ApiError> {
    let name: PodName = named("pod", &pod)?;
    let limit = filter.limit.unwrap_or(60);
    if !(1..=MAX_HEARTBEATS).contains(&limit) {
        return Err(ApiError::invalid("limit", format!("{limit} is out of bounds; give 1 to {MAX_HEARTBEATS}")));
    }
    let scene = app.look(&AtQuery::of(filter.at)).await?;
    let (id, registration) = scene.fleet().pod(&name).ok_or(Refusal::PodUnknown(name))?;
    let until = scene.position();
    let heartbeats = app.reader.query(async |connection| read_heartbeats(connection, id, until, limit).await).await?;
    let interval_ms = views::interval_ms(scene.fleet());
    let (pod, incarnation) = (registration.holder.pod.clone(), registration.holder.incarnation.clone());
    Ok(axum::Json(Heartbeats { pod, incarnation, interval_ms, heartbeats }))
}
