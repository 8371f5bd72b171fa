//! `GET /v1/adapters` and `GET /v1/adapters/{name}`.

use axum::extract::State;
use axum::http::{HeaderName, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::revisions::find;
use crate::domain::name::AdapterName;
use crate::domain::refusal::Refusal;
use crate::http::App;
use crate::http::address::{Path, Query};
use crate::http::problem::ApiError;
use crate::http::routes::{all_named, named};
use crate::http::scene::AtQuery;
use crate::wire::adapter::{AdapterDocument, AdapterView};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Adapters {
    adapters: Vec<AdapterView>,
}

/// Which adapters are listed.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Listed {
    /// As it was then: a time of RFC 3339 or a position of the log. Left out: now.
    at: Option<String>,
    /// Only these, with commas between them. A name that there is not is left out of the answer.
    #[param(example = "venue-a,venue-b")]
    names: Option<String>,
}

/// All adapters, or those that are named, now or as they were.
#[utoipa::path(get, path = "/v1/adapters", tag = "adapters", params(Listed),
    responses((status = 200, body = Adapters)))]
pub(crate) async fn list(State(app): State<App>, Query(which): Query<Listed>) -> Result<axum::Json<Adapters>, ApiError> {
    let names = which.names.as_deref().map(|text| all_named("names", text)).transpose()?;
    let scene = app.look(&AtQuery::of(which.at)).await?;
    let fleet = scene.fleet();
    let adapters = match &names {
        None => fleet.adapters().map(|(name, adapter)| scene.adapter(name, adapter)).collect(),
        Some(names) => names.iter().filter_map(|name| Some(scene.adapter(name, fleet.adapter(name)?))).collect(),
    };
    Ok(axum::Json(Adapters { adapters }))
}

/// Which state of an adapter.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    at: Option<String>,
    revision: Option<u32>,
}

/// One adapter. Its `ETag` is the revision, for `If-Match`. With `revision`, its document as it was then.
#[utoipa::path(get, path = "/v1/adapters/{name}", tag = "adapters",
    params(("name" = String, Path), AtQuery, ("revision" = Option<u32>, Query)),
    responses((status = 200, body = AdapterView)))]
pub(crate) async fn one(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(Which { at, revision }): Query<Which>,
) -> Result<([(HeaderName, String); 1], axum::Json<AdapterView>), ApiError> {
    let name: AdapterName = named("name", &name)?;
    if at.is_some() && revision.is_some() {
        return Err(ApiError::invalid("revision", "give either at or revision"));
    }
    let scene = app.look(&AtQuery::of(at)).await?;
    let adapter = scene.fleet().adapter(&name).ok_or_else(|| Refusal::AdapterUnknown(name.clone()))?;
    let mut view = scene.adapter(&name, adapter);
    if let Some(revision) = revision {
        let then = find(&app, &name, revision).await?;
        view.document = AdapterDocument::from_spec(name, adapter.enabled, then.spec);
        view.revision = then.revision;
        view.changed_at = then.at;
    }
    Ok(([(header::ETAG, format!("\"{}\"", view.revision))], axum::Json(view)))
}
