//! `POST` and `GET /v1/sessions/{adapter}/{ordinal}/actions`: commands to a running session, and what became of them.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use crate::domain::action::ActionId;
use crate::domain::command::{Command, OrderAction};
use crate::domain::event::Event;
use crate::domain::name::SessionId;
use crate::domain::refusal::Refusal;
use crate::http::App;
use crate::http::address::{Path, Query};
use crate::http::auth::Caller;
use crate::http::body::Json;
use crate::http::idempotency::RequestId;
use crate::http::problem::ApiError;
use crate::http::routes::events::page::MAX_LIMIT;
use crate::http::routes::named;
use crate::log::{ActionFilter, read_actions};
use crate::orchestrator::request::Submission;
use crate::wire::action::{ActionAccepted, ActionPage, ActionRequest, ActionView};

/// Orders an action of the owner of a session. The answer says that it is in the log; what becomes of it stands in the list.
#[utoipa::path(post, path = "/v1/sessions/{adapter}/{ordinal}/actions", tag = "sessions",
    params(RequestId, ("adapter" = String, Path), ("ordinal" = u16, Path)), request_body = ActionRequest,
    responses((status = 202, body = ActionAccepted)))]
pub(crate) async fn order(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    Path((adapter, ordinal)): Path<(String, String)>,
    Json(ActionRequest { action, parameters }): Json<ActionRequest>,
) -> Result<(StatusCode, axum::Json<ActionAccepted>), ApiError> {
    let session: SessionId = named("session", &format!("{adapter}/{ordinal}"))?;
    let command = Command::OrderAction(OrderAction { session: session.clone(), action, parameters });
    let done = app.orchestrator.submit(Submission { command, actor: caller.actor(), request_id }).await?;
    let ordered = done.events.iter().find_map(|recorded| match &recorded.event {
        Event::ActionOrdered(event) => Some((recorded.position, event.token)),
        _ => None,
    });
    // A request that was carried out before may be answered when the session has another owner already.
    let owner = done.after.fleet.session(&session).and_then(|entry| entry.lease.as_ref()).map(|lease| lease.holder.clone());
    let (Some((position, token)), Some(owner)) = (ordered, owner) else { return Err(Refusal::NobodyToAct(session).into()) };
    let accepted = ActionAccepted { as_of: done.after.as_of(), action_id: ActionId(position), session, token, owner };
    Ok((StatusCode::ACCEPTED, axum::Json(accepted)))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    before: Option<i64>,
    limit: Option<i64>,
}

/// The actions of a session, newest first.
#[utoipa::path(get, path = "/v1/sessions/{adapter}/{ordinal}/actions", tag = "sessions",
    params(("adapter" = String, Path), ("ordinal" = u16, Path), ("before" = Option<i64>, Query), ("limit" = Option<i64>, Query)),
    responses((status = 200, body = ActionPage)))]
pub(crate) async fn actions(
    State(app): State<App>,
    Path((adapter, ordinal)): Path<(String, String)>,
    Query(Filter { before, limit }): Query<Filter>,
) -> Result<axum::Json<ActionPage>, ApiError> {
    let session: SessionId = named("session", &format!("{adapter}/{ordinal}"))?;
    let limit = limit.unwrap_or(100);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(ApiError::invalid("limit", format!("{limit} is out of bounds; give 1 to {MAX_LIMIT}")));
    }
    // One more than the page, so that its end is known.
    let filter = ActionFilter { session: session.clone(), before, id: None, limit: limit + 1 };
    let mut actions = app.reader.query(async |connection| read_actions(connection, &filter).await).await?;
    if actions.is_empty() && app.read().fleet.session(&session).is_none() {
        return Err(Refusal::SessionUnknown(session).into());
    }
    let full = i64::try_from(actions.len()).is_ok_and(|count| count > limit);
    if full {
        actions.pop();
    }
    let next = actions.last().filter(|_| full).map(|action: &ActionView| action.action_id);
    Ok(axum::Json(ActionPage { actions, next }))
}

/// One action of a session.
#[utoipa::path(get, path = "/v1/sessions/{adapter}/{ordinal}/actions/{id}", tag = "sessions",
    params(("adapter" = String, Path), ("ordinal" = u16, Path), ("id" = String, Path)),
    responses((status = 200, body = ActionView)))]
pub(crate) async fn action(
    State(app): State<App>,
    Path((adapter, ordinal, id)): Path<(String, String, String)>,
) -> Result<axum::Json<ActionView>, ApiError> {
    let session: SessionId = named("session", &format!("{adapter}/{ordinal}"))?;
    let ActionId(id) = id.parse().map_err(|_| ApiError::invalid("id", "an action's id is a decimal number"))?;
    let filter = ActionFilter { session: session.clone(), before: None, id: Some(id), limit: 1 };
    let found = app.reader.query(async |connection| read_actions(connection, &filter).await).await?.pop();
    Ok(axum::Json(found.ok_or(Refusal::ActionUnknown { session, action: id })?))
}
