//! `GET /v1/plugins` and `GET /v1/plugins/{name}`.

use axum::extract::State;
use axum::http::{HeaderName, header};

use super::view;
use crate::domain::name::PluginName;
use crate::domain::refusal::Refusal;
use crate::http::App;
use crate::http::address::{Path, Query};
use crate::http::problem::ApiError;
use crate::http::routes::named;
use crate::http::scene::AtQuery;
use crate::wire::plugin::{PluginList, PluginView};

/// All plugins with their users, now or as they were.
#[utoipa::path(get, path = "/v1/plugins", tag = "plugins", params(AtQuery),
    responses((status = 200, body = PluginList)))]
pub(crate) async fn list(State(app): State<App>, Query(query): Query<AtQuery>) -> Result<axum::Json<PluginList>, ApiError> {
    let scene = app.look(&query).await?;
    let fleet = scene.fleet();
    Ok(axum::Json(PluginList { plugins: fleet.plugins().filter_map(|(name, plugin)| view(fleet, name, plugin)).collect() }))
}

/// One plugin with everything that it was. Its `ETag` is its version.
#[utoipa::path(get, path = "/v1/plugins/{name}", tag = "plugins", params(("name" = String, Path), AtQuery),
    responses((status = 200, body = PluginView)))]
pub(crate) async fn one(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(query): Query<AtQuery>,
) -> Result<([(HeaderName, String); 1], axum::Json<PluginView>), ApiError> {
    let name: PluginName = named("name", &name)?;
    let scene = app.look(&query).await?;
    let view = scene.fleet().plugin(&name).and_then(|plugin| view(scene.fleet(), &name, plugin));
    let view = view.ok_or(Refusal::PluginUnknown(name))?;
    Ok(([(header::ETAG, format!("\"{}\"", view.newest.version))], axum::Json(view)))
}
