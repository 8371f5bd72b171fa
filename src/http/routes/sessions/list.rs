//! `GET /v1/sessions` and `GET /v1/sessions/{adapter}/{ordinal}`.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::name::SessionId;
use crate::domain::refusal::Refusal;
use crate::http::App;
use crate::http::address::{Path, Query};
use crate::http::problem::ApiError;
use crate::http::routes::named;
use crate::http::scene::AtQuery;
use crate::wire::session::SessionView;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sessions {
    sessions: Vec<SessionView>,
}

/// All sessions and who owns them, now or as it was.
#[utoipa::path(get, path = "/v1/sessions", tag = "sessions", params(AtQuery),
    responses((status = 200, body = Sessions), (status = "4XX", body = crate::wire::problem::Problem)))]
pub(crate) async fn list(State(app): State<App>, Query(query): Query<AtQuery>) -> Result<axum::Json<Sessions>, ApiError> {
    let scene = app.look(&query).await?;
    Ok(axum::Json(Sessions { sessions: scene.fleet().sessions().filter_map(|(id, session)| scene.session(id, session)).collect() }))
}

/// One session.
#[utoipa::path(get, path = "/v1/sessions/{adapter}/{ordinal}", tag = "sessions", 
    params(("adapter" = String, Path), ("ordinal" = u16, Path), AtQuery),
    responses((status = 200, body = SessionView), (status = "4XX", body = crate::wire::problem::Problem)))]
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
