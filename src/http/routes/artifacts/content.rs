//! `GET /v1/artifacts/{name}/content`: the bytes of a version.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use axum::response::Response;
use serde::Deserialize;

use crate::domain::artifact::Artifact;
use crate::domain::name::ArtifactName;
use crate::domain::refusal::Refusal;
use crate::http::App;
use crate::http::address::{Path, Query};
use crate::http::download::download;
use crate::http::openapi::File;
use crate::http::problem::ApiError;
use crate::http::routes::named;

/// The version that was sent.
const VERSION: HeaderName = HeaderName::from_static("conncentric-version");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    version: Option<u32>,
}

/// The content of an artifact: its newest version, or the one that is named. Its `ETag` is its SHA-256.
#[utoipa::path(get, path = "/v1/artifacts/{name}/content", tag = "artifacts",
    params(("name" = String, Path), ("version" = Option<u32>, Query),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of what is known; the answer is 304 if it is the same.")),
    responses((status = 200, body = inline(File), content_type = "*/*"), (status = 304)))]
pub(crate) async fn content(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(Which { version }): Query<Which>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let name: ArtifactName = named("name", &name)?;
    let snapshot = app.read();
    let artifact = snapshot.fleet.artifact(&name).ok_or_else(|| Refusal::ArtifactUnknown(name.clone()))?;
    let stored = match version {
        None => artifact.newest(),
        Some(number) => Artifact::version(artifact, number),
    };
    let stored = stored.ok_or(Refusal::ArtifactVersionUnknown { artifact: name.clone(), version: version.unwrap_or_default() })?;
    let media_type = stored.media_type.as_deref().unwrap_or("application/octet-stream");
    let mut response = download(&app, &headers, stored.content, media_type, name.as_str()).await?;
    response.headers_mut().insert(VERSION, stored.version.into());
    Ok(response)
}
