//! `GET /v1/ownership`: who owned what, now or at any moment of the past.

use axum::extract::State;

use crate::audit::replay;
use crate::http::App;
use crate::http::address::Query;
use crate::http::problem::ApiError;
use crate::http::scene::AtQuery;
use crate::wire::ownership::OwnershipAt;

/// Who owned what at a moment, from the projections. `conncentric replay` works the same out from the event table alone.
#[utoipa::path(get, path = "/v1/ownership", tag = "sessions", params(AtQuery),
    responses((status = 200, body = OwnershipAt)))]
pub(crate) async fn ownership(State(app): State<App>, Query(query): Query<AtQuery>) -> Result<axum::Json<OwnershipAt>, ApiError> {
    let (moment, fleet) = app.look_back(query.moment()?.unwrap_or_default()).await?;
    Ok(axum::Json(replay::ownership(&fleet, &moment)))
}
