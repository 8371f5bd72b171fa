//! `GET /v1/sessions` and `GET /v1/sessions/{adapter}/{ordinal}`.

use std::collections::BTreeSet;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::fleet::Session;
use crate::domain::name::{AdapterName, SessionId};
use crate::domain::refusal::Refusal;
use crate::http::App;
use crate::http::address::{Path, Query};
use crate::http::problem::ApiError;
use crate::http::routes::{all_named, named};
use crate::http::scene::AtQuery;
use crate::wire::session::SessionView;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sessions {
    sessions: Vec<SessionView>,
}

/// Which sessions are listed.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Listed {
    /// As it was then: a time of RFC 3339 or a position of the log. Left out: now.
    at: Option<String>,
    /// Only those of these adapters, with commas between them.
    #[param(example = "venue-a,venue-b")]
    adapters: Option<String>,
}

/// All sessions, or those of the adapters that are named, and who owns them, now or as it was.
#[utoipa::path(get, path = "/v1/sessions", tag = "sessions", params(Listed),
    responses((status = 200, body = Sessions)))]
pub(crate) async fn list(State(app): State<App>, Query(which): Query<Listed>) -> Result<axum::Json<Sessions>, ApiError> {
    let adapters: Option<BTreeSet<AdapterName>> = which.adapters.as_deref().map(|text| all_named("adapters", text)).transpose()?;
    let scene = app.look(&AtQuery::of(which.at)).await?;
    let fleet = scene.fleet();
    let shown = |(id, session): (&SessionId, &Session)| scene.session(id, session);
    let sessions = match &adapters {
        None => fleet.sessions().filter_map(shown).collect(),
        Some(names) => names.iter().flat_map(|name| fleet.sessions_of(name)).filter_map(shown).collect(),
    };
    Ok(axum::Json(Sessions { sessions }))
}

/// One session.
#[utoipa::path(get, path = "/v1/sessions/{adapter}/{ordinal}", tag = "sessions", 
    params(("adapter" = String, Path), ("ordinal" = u16, Path), AtQuery),
    responses((status = 200, body = SessionView)))]
pub(crate) async fn one(
    State(app): State<App>,
    Path((adapter, ordinal)): Path<(String, String)>,
    Query(query): Query<AtQuery>,
) -> Result<axum::Json<SessionView>, ApiError> {
    let id: SessionId = named("session", &format!("{adapter}/{ordinal}"))?;
    let scene = app.look(&query).await?;
    let view = scene.fleet().session(&id).and_then(|session| scene.session(&id, session));
    Ok(axum::Json(view.ok_or(Refusal::SessionUnknown(id))?))
}
