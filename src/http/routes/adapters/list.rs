//! `GET /v1/adapters` and `GET /v1/adapters/{name}`.

use axum::extract::State;
use axum::http::{HeaderName, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::name::AdapterName;
use crate::domain::refusal::Refusal;
use crate::http::App;
use crate::http::address::Path;
use crate::http::problem::ApiError;
use crate::http::routes::named;
use crate::http::views;
use crate::wire::adapter::AdapterView;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Adapters {
    adapters: Vec<AdapterView>,
}

/// All adapters.
#[utoipa::path(get, path = "/v1/adapters", tag = "adapters",
    responses((status = 200, body = Adapters), (status = "4XX", body = crate::wire::problem::Problem)))]
pub(crate) async fn list(State(app): State<App>) -> axum::Json<Adapters> {
    let snapshot = app.read();
    axum::Json(Adapters { adapters: snapshot.fleet.adapters().map(|(name, adapter)| views::adapter(&snapshot, name, adapter)).collect() })
}

/// One adapter. Its `ETag` is the revision, for `If-Match`.
#[utoipa::path(get, path = "/v1/adapters/{name}", tag = "adapters", params(("name" = String, Path)),
    responses((status = 200, body = AdapterView), (status = "4XX", body = crate::wire::problem::Problem)))]
pub(crate) async fn one(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<([(HeaderName, String); 1], axum::Json<AdapterView>), ApiError> {
    let name: AdapterName = named("name", &name)?;
    let snapshot = app.read();
    let adapter = snapshot.fleet.adapter(&name).ok_or_else(|| Refusal::AdapterUnknown(name.clone()))?;
    let view = views::adapter(&snapshot, &name, adapter);
    Ok(([(header::ETAG, format!("\"{}\"", view.revision))], axum::Json(view)))
}
