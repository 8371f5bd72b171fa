//! `GET /v1/pods` and `GET /v1/pods/{pod}`.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::name::PodName;
use crate::domain::refusal::Refusal;
use crate::http::App;
use crate::http::address::{Path, Query};
use crate::http::problem::ApiError;
use crate::http::routes::named;
use crate::http::scene::AtQuery;
use crate::wire::pod::PodView;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pods {
    pods: Vec<PodView>,
}

/// All registered pods, now or as they were.
#[utoipa::path(get, path = "/v1/pods", tag = "pods", params(AtQuery),
    responses((status = 200, body = Pods)))]
pub(crate) async fn list(State(app): State<App>, Query(query): Query<AtQuery>) -> Result<axum::Json<Pods>, ApiError> {
    let scene = app.look(&query).await?;
    Ok(axum::Json(Pods { pods: scene.fleet().pods().map(|(id, registration)| scene.pod(id, registration)).collect() }))
}

/// One pod.
#[utoipa::path(get, path = "/v1/pods/{pod}", tag = "pods", params(("pod" = String, Path), AtQuery),
    responses((status = 200, body = PodView)))]
pub(crate) async fn one(
    State(app): State<App>,
    Path(pod): Path<String>,
    Query(query): Query<AtQuery>,
) -> Result<axum::Json<PodView>, ApiError> {
    let name: PodName = named("pod", &pod)?;
    let scene = app.look(&query).await?;
    let (id, registration) = scene.fleet().pod(&name).ok_or(Refusal::PodUnknown(name))?;
    Ok(axum::Json(scene.pod(id, registration)))
}
