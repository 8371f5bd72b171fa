//! `GET /v1/pods` and `GET /v1/pods/{pod}`.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::name::PodName;
use crate::domain::refusal::Refusal;
use crate::http::App;
use crate::http::address::Path;
use crate::http::problem::ApiError;
use crate::http::routes::named;
use crate::http::views;
use crate::time::wall_clock;
use crate::wire::pod::PodView;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pods {
    pods: Vec<PodView>,
}

/// All registered pods.
#[utoipa::path(get, path = "/v1/pods", tag = "pods", responses((status = 200, body = Pods), (status = "4XX", body = crate::wire::problem::Problem)))]
pub(crate) async fn list(State(app): State<App>) -> Result<axum::Json<Pods>, ApiError> {
    let snapshot = app.read();
    let now = wall_clock();
    Ok(axum::Json(Pods { pods: snapshot.fleet.pods().map(|(id, registration)| views::pod(&snapshot, id, registration, now)).collect() }))
}

/// One pod.
#[utoipa::path(get, path = "/v1/pods/{pod}", tag = "pods", params(("pod" = String, Path)),
    responses((status = 200, body = PodView), (status = "4XX", body = crate::wire::problem::Problem)))]
pub(crate) async fn one(State(app): State<App>, Path(pod): Path<String>) -> Result<axum::Json<PodView>, ApiError> {
    let name: PodName = named("pod", &pod)?;
    let snapshot = app.read();
    let (id, registration) = snapshot.fleet.pod(&name).ok_or(Refusal::PodUnknown(name))?;
    Ok(axum::Json(views::pod(&snapshot, id, registration, wall_clock())))
}
