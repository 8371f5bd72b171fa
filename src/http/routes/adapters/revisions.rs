//! `GET /v1/adapters/{name}/revisions`: what an adapter said before.

use axum::extract::State;
use serde::Deserialize;

use crate::domain::name::AdapterName;
use crate::domain::refusal::Refusal;
use crate::http::App;
use crate::http::address::{Path, Query};
use crate::http::problem::ApiError;
use crate::http::routes::events::page::MAX_LIMIT;
use crate::http::routes::named;
use crate::log::{Revision, read_revisions};
use crate::wire::adapter::{AdapterDocument, RevisionPage, RevisionView};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    before: Option<u32>,
    limit: Option<i64>,
}

/// The revisions of an adapter, newest first. To restore one, `PUT` its document again.
#[utoipa::path(get, path = "/v1/adapters/{name}/revisions", tag = "adapters",
    params(("name" = String, Path), ("before" = Option<u32>, Query), ("limit" = Option<i64>, Query)),
    responses((status = 200, body = RevisionPage)))]
pub(crate) async fn revisions(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(Filter { before, limit }): Query<Filter>,
) -> Result<axum::Json<RevisionPage>, ApiError> {
    let adapter: AdapterName = named("name", &name)?;
    let limit = limit.unwrap_or(100);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(ApiError::invalid("limit", format!("{limit} is out of bounds; give 1 to {MAX_LIMIT}")));
    }
    if app.read().fleet.adapter(&adapter).is_none() {
        return Err(Refusal::AdapterUnknown(adapter).into());
    }
    // One more than the page, so that its end is known.
    let mut found = app.reader.query(async |connection| read_revisions(connection, &adapter, before, limit + 1).await).await?;
    let full = i64::try_from(found.len()).is_ok_and(|count| count > limit);
    if full {
        found.pop();
    }
    let next = found.last().filter(|_| full).map(|revision| revision.revision);
    Ok(axum::Json(RevisionPage { revisions: found.into_iter().map(|revision| view(&adapter, revision)).collect(), next }))
}

/// One revision.
pub(crate) async fn find(app: &App, adapter: &AdapterName, revision: u32) -> Result<Revision, ApiError> {
    let before = revision.saturating_add(1);
    let found = app.reader.query(async |connection| read_revisions(connection, adapter, Some(before), 1).await).await?;
    let found = found.into_iter().find(|found| found.revision == revision);
    Ok(found.ok_or_else(|| Refusal::RevisionUnknown { adapter: adapter.clone(), revision })?)
}

fn view(adapter: &AdapterName, Revision { revision, position, at, actor, spec }: Revision) -> RevisionView {
    let document = AdapterDocument { enabled: None, ..AdapterDocument::from_spec(adapter.clone(), false, spec) };
    RevisionView { revision, at, actor, position, document }
}
