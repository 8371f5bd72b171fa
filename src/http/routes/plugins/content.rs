//! `GET /v1/plugins/{name}/content`: a package.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::name::PluginName;
use crate::domain::plugin::PluginVersion;
use crate::domain::refusal::Refusal;
use crate::http::App;
use crate::http::address::{Path, Query};
use crate::http::download::download;
use crate::http::openapi::File;
use crate::http::problem::ApiError;
use crate::http::routes::named;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    version: Option<String>,
}

/// The package of a plugin: the one that runs, or that of the version that is named. Its `ETag` is its SHA-256.
#[utoipa::path(get, path = "/v1/plugins/{name}/content", tag = "plugins",
    params(("name" = String, Path), ("version" = Option<String>, Query),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of what is known; the answer is 304 if it is the same.")),
    responses((status = 200, body = inline(File), content_type = "application/zstd"), (status = 304)))]
pub(crate) async fn content(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(Which { version }): Query<Which>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let name: PluginName = named("name", &name)?;
    let version: Option<PluginVersion> = version
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|invalid: crate::domain::plugin::InvalidVersion| ApiError::invalid("version", invalid.to_string()))?;
    let snapshot = app.read();
    let plugin = snapshot.fleet.plugin(&name).ok_or_else(|| Refusal::PluginUnknown(name.clone()))?;
    let mut latest_first = plugin.versions.iter().rev();
    let found = latest_first.find(|installed| version.as_ref().is_none_or(|version| installed.facts.version == *version));
    let found = found.ok_or_else(|| Refusal::PluginUnknown(name.clone()))?;
    let file = format!("{name}-{}.tar.zst", found.facts.version);
    download(&app, &headers, found.content, "application/zstd", &file).await
}
