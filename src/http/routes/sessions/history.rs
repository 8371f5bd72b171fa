//! `GET /v1/sessions/{adapter}/{ordinal}/history`: who owned it when.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::name::SessionId;
use crate::domain::refusal::Refusal;
use crate::domain::token::Position;
use crate::http::App;
use crate::http::address::{Path, Query};
use crate::http::problem::ApiError;
use crate::http::routes::named;
use crate::http::scene::AtQuery;
use crate::log::read_ownerships;
use crate::wire::session::OwnershipView;

/// Ownerships in one answer at most.
const MAX_OWNERSHIPS: i64 = 1000;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct History {
    ownerships: Vec<OwnershipView>,
}

/// The ownerships of a session, newest first, at most 1000; with `at` as they were then, so the last one may still last.
#[utoipa::path(get, path = "/v1/sessions/{adapter}/{ordinal}/history", tag = "sessions",
    params(("adapter" = String, Path), ("ordinal" = u16, Path), AtQuery),
    responses((status = 200, body = History)))]
pub(crate) async fn history(
    State(app): State<App>,
    Path((adapter, ordinal)): Path<(String, String)>,
    Query(query): Query<AtQuery>,
) -> Result<axum::Json<History>, ApiError> {
    let id: SessionId = named("session", &format!("{adapter}/{ordinal}"))?;
    let until = app.position_at(&query).await?.unwrap_or(Position::MAX);
    let ownerships = app.reader.query(async |connection| read_ownerships(connection, &id, until, MAX_OWNERSHIPS).await).await?;
    // A session that is gone may still have a history; one that never was has neither.
    if ownerships.is_empty() && app.read().fleet.session(&id).is_none() {
        return Err(Refusal::SessionUnknown(id).into());
    }
    Ok(axum::Json(History { ownerships }))
}
