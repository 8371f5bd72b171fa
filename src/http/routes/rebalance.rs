//! `POST /v1/rebalance`: evens out what pods have to do.

use axum::extract::State;

use crate::domain::command::{Command, Rebalance};
use crate::domain::decide::preview_rebalance;
use crate::domain::event::{Event, Recorded};
use crate::domain::name::{PodName, SessionId};
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::body::OptionalJson;
use crate::http::idempotency::RequestId;
use crate::http::problem::ApiError;
use crate::orchestrator::request::Submission;
use crate::orchestrator::snapshot::Snapshot;
use crate::wire::rebalance::{OrderedMove, RebalanceAnswer, RebalanceRequest};

/// Orders a bounded number of moves from the most loaded pods to those with room. Ask again for more.
#[utoipa::path(post, path = "/v1/rebalance", tag = "pods", params(RequestId), request_body = Option<RebalanceRequest>,
    responses((status = 200, body = RebalanceAnswer)))]
pub(crate) async fn rebalance(
    State(app): State<App>,
    caller: Caller,
    RequestId(request_id): RequestId,
    OptionalJson(body): OptionalJson<RebalanceRequest>,
) -> Result<axum::Json<RebalanceAnswer>, ApiError> {
    let order = Rebalance { max_moves: body.max_moves };
    if body.dry_run {
        let snapshot = app.orchestrator.current().await?;
        let moves = preview_rebalance(&snapshot.fleet, order, &snapshot.sight)?;
        return Ok(axum::Json(answer(&snapshot, moves)));
    }
    let done = app.orchestrator.submit(Submission { command: Command::Rebalance(order), actor: caller.actor(), request_id }).await?;
    Ok(axum::Json(answer(&done.after, ordered(done.events))))
}

fn ordered(events: Vec<Recorded>) -> Vec<(SessionId, PodName)> {
    let order = |event: Recorded| if let Event::SessionMoveOrdered(order) = event.event { Some((order.session, order.to)) } else { None };
    events.into_iter().filter_map(order).collect()
}

fn answer(snapshot: &Snapshot, moves: Vec<(SessionId, PodName)>) -> RebalanceAnswer {
    let owner = |session: &SessionId| Some(snapshot.fleet.session(session)?.lease.as_ref()?.holder.pod.clone());
    let moves = moves.into_iter().map(|(session, to)| OrderedMove { from: owner(&session), session, to }).collect();
    RebalanceAnswer { as_of: snapshot.as_of(), moves }
}
