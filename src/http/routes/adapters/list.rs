//! `GET /v1/adapters` and `GET /v1/adapters/{name}`.

use axum::extract::State;
use axum::http::{HeaderName, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::name::AdapterName;
use crate::domain::refusal::Refusal;
use crate::http::App;
use crate::http::address::{Path, Query};
use crate::http::problem::ApiError;
use crate::http::routes::named;
use crate::http::scene::AtQuery;
use crate::wire::adapter::AdapterView;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Adapters {
    adapters: Vec<AdapterView>,
}

/// All adapters, now or as they were.
#[utoipa::path(get, path = "/v1/adapters", tag = "adapters", params(AtQuery),
    responses((status = 200, body = Adapters), (status = "4XX", body = crate::wire::problem::Problem)))]
pub(crate) async fn list(State(app): State<App>, Query(query): Query<AtQuery>) -> Result<axum::Json<Adapters>, ApiError> {
    let scene = app.look(&query).await?;
    Ok(axum::Json(Adapters { adapters: scene.fleet().adapters().map(|(name, adapter)| scene.adapter(name, adapter)).collect() }))
}

/// One adapter. Its `ETag` is the revision, for `If-Match`.
#[utoipa::path(get, path = "/v1/adapters/{name}", tag = "adapters", params(("name" = String, Path), AtQuery),
    responses((status = 200, body = AdapterView), (status = "4XX", body = crate::wire::problem::Problem)))]
pub(crate) async fn one(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(query): Query<AtQuery>,
) -> Result<([(HeaderName, String); 1], axum::Json<AdapterView>), ApiError> {
    let name: AdapterName = named("name", &name)?;
    let scene = app.look(&query).await?;
    let adapter = scene.fleet().adapter(&name).ok_or_else(|| Refusal::AdapterUnknown(name.clone()))?;
    let view = scene.adapter(&name, adapter);
    Ok(([(header::ETAG, format!("\"{}\"", view.revision))], axum::Json(view)))
}
