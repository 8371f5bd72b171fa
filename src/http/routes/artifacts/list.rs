//! `GET /v1/artifacts` and `GET /v1/artifacts/{name}`.

use axum::extract::State;
use axum::http::{HeaderName, header};

use super::view;
use crate::domain::name::ArtifactName;
use crate::domain::refusal::Refusal;
use crate::http::App;
use crate::http::address::{Path, Query};
use crate::http::problem::ApiError;
use crate::http::routes::named;
use crate::http::scene::AtQuery;
use crate::wire::artifact::{ArtifactList, ArtifactView};

/// All artifacts with their versions and users, now or as they were.
#[utoipa::path(get, path = "/v1/artifacts", tag = "artifacts", params(AtQuery),
    responses((status = 200, body = ArtifactList)))]
pub(crate) async fn list(State(app): State<App>, Query(query): Query<AtQuery>) -> Result<axum::Json<ArtifactList>, ApiError> {
    let scene = app.look(&query).await?;
    let fleet = scene.fleet();
    Ok(axum::Json(ArtifactList { artifacts: fleet.artifacts().filter_map(|(name, artifact)| view(fleet, name, artifact)).collect() }))
}

/// One artifact with its versions and users. Its `ETag` is the number of the newest version, for `If-Match`.
#[utoipa::path(get, path = "/v1/artifacts/{name}", tag = "artifacts", params(("name" = String, Path), AtQuery),
    responses((status = 200, body = ArtifactView)))]
pub(crate) async fn one(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(query): Query<AtQuery>,
) -> Result<([(HeaderName, String); 1], axum::Json<ArtifactView>), ApiError> {
    let name: ArtifactName = named("name", &name)?;
    let scene = app.look(&query).await?;
    let view = scene.fleet().artifact(&name).and_then(|artifact| view(scene.fleet(), &name, artifact));
    let view = view.ok_or(Refusal::ArtifactUnknown(name))?;
    Ok(([(header::ETAG, format!("\"{}\"", view.newest.version))], axum::Json(view)))
}
