//! `GET /v1/adapters/{name}/log`: an adapter's event log, in words for people.

use axum::extract::State;
use serde::Deserialize;

use crate::domain::entry::{Category, Level};
use crate::domain::name::{AdapterName, SessionId};
use crate::domain::refusal::Refusal;
use crate::domain::token::Position;
use crate::http::App;
use crate::http::address::{Path, Query};
use crate::http::problem::ApiError;
use crate::http::routes::events::page::MAX_LIMIT;
use crate::http::routes::named;
use crate::http::scene::AtQuery;
use crate::log::{EntryFilter, read_adapter_log};
use crate::wire::log::{EntryPage, EntryView};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    before: Option<Position>,
    session: Option<String>,
    level: Option<Level>,
    category: Option<Category>,
    limit: Option<i64>,
    at: Option<String>,
}

/// The event log of an adapter, newest first; with `at` as it was then.
#[utoipa::path(get, path = "/v1/adapters/{name}/log", tag = "adapters",
    params(("name" = String, Path), ("before" = Option<i64>, Query), ("session" = Option<String>, Query), ("level" = Option<Level>, Query),
        ("category" = Option<Category>, Query), ("limit" = Option<i64>, Query), ("at" = Option<String>, Query)),
    responses((status = 200, body = EntryPage)))]
pub(crate) async fn log(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(filter): Query<Filter>,
) -> Result<axum::Json<EntryPage>, ApiError> {
    let adapter: AdapterName = named("name", &name)?;
    let session: Option<SessionId> = filter.session.as_deref().map(|session| named("session", session)).transpose()?;
    let limit = filter.limit.unwrap_or(100);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(ApiError::invalid("limit", format!("{limit} is out of bounds; give 1 to {MAX_LIMIT}")));
    }
    let Filter { before, level, category, at, .. } = filter;
    let before = match app.position_at(&AtQuery::of(at)).await? {
        Some(last) => Some(before.unwrap_or(Position::MAX).min(last.saturating_add(1))),
        None => before,
    };
    // One more than the page, so that its end is known.
    let filter = EntryFilter { adapter: adapter.clone(), before, session, level, category, limit: limit + 1 };
    let mut entries = app.reader.query(async |connection| read_adapter_log(connection, &filter).await).await?;
    if entries.is_empty() && app.read().fleet.adapter(&adapter).is_none() {
        return Err(Refusal::AdapterUnknown(adapter).into());
    }
    let full = i64::try_from(entries.len()).is_ok_and(|count| count > limit);
    if full {
        entries.pop();
    }
    let next = entries.last().filter(|_| full).map(|entry: &EntryView| entry.position);
    Ok(axum::Json(EntryPage { entries, next }))
}
