//! `GET /v1/events/stream`: the event table, live. `Last-Event-ID` or `after` resumes without a gap, and across the loss of history
//! too: who has seen events of an epoch that ended early goes on with the first event of the next one.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use tokio::sync::watch;

use super::event_id::EventId;
use super::page::{Filter, MAX_LIMIT};
use crate::domain::token::{Epoch, Position};
use crate::http::address::Query;
use crate::http::auth::Caller;
use crate::http::problem::ApiError;
use crate::http::{App, STREAM_BREATH};
use crate::log::{PageFilter, first_of_later_epoch, read_page};
use crate::orchestrator::snapshot::Snapshot;
use crate::wire::event::EventView;

/// Snapshots change with every flush; a stream for people needs no more than this many reads a second.
const PACE: Duration = Duration::from_millis(50);

/// Events as they are appended. Without a start: from now on. The id of each is `epoch:position`.
#[utoipa::path(get, path = "/v1/events/stream", tag = "events",
    params(("after" = Option<i64>, Query), ("type" = Option<String>, Query), ("session" = Option<String>, Query), ("stream" = Option<String>, Query),
        ("actor" = Option<String>, Query), ("from" = Option<chrono::DateTime<chrono::Utc>>, Query), ("to" = Option<chrono::DateTime<chrono::Utc>>, Query),
        ("pulses" = Option<bool>, Query),
        ("Last-Event-ID" = Option<String>, Header, description = "Goes on after this event: `epoch:position`, or a position alone.")),
    responses((status = 200, content_type = "text/event-stream")))]
pub(crate) async fn stream(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Query(mut filter): Query<Filter>,
) -> Result<impl IntoResponse, ApiError> {
    let pointless = [
        ("order", filter.order.is_some()),
        ("before", filter.before.is_some()),
        ("limit", filter.limit.is_some()),
        ("at", filter.at.is_some()),
    ];
    if let Some((field, _)) = pointless.iter().find(|(_, given)| *given) {
        return Err(ApiError::invalid(*field, "a stream has neither order, before, limit nor at; it goes on from after"));
    }
    let last = headers.get("last-event-id").map(|id| id.to_str().unwrap_or_default().parse::<EventId>());
    let last = last.transpose().map_err(|problem| ApiError::invalid("Last-Event-ID", problem))?;
    filter.after = last.map_or(filter.after, |last| Some(last.position));
    let mut filter = PageFilter { limit: MAX_LIMIT, ..filter.into_page()? };
    let now = app.orchestrator.current().await?;
    let (head, epoch) = (now.position, now.fleet.epoch());
    let seen_epoch = last.and_then(|last| last.epoch).unwrap_or(epoch);
    if seen_epoch > epoch {
        return Err(ApiError::invalid("Last-Event-ID", format!("epoch {seen_epoch} has not begun, the log is in epoch {epoch}")));
    }
    let mut after = filter.after.unwrap_or(head);
    if seen_epoch < epoch {
        after = in_later_epoch(&app, seen_epoch, after).await?;
    }
    if after > head {
        return Err(ApiError::invalid("after", format!("position {after} is beyond the head, {head}")));
    }
    // Who has read the beginning and goes on must not miss events without being told.
    if let Some(archive) = app.read().fleet.archive_of(after.saturating_add(1)).filter(|_| after > 0) {
        let problem = format!(
            "events up to position {} are sealed, in the archive {}; go on from there, or from 0 with the first that is left",
            archive.last, archive.file
        );
        return Err(ApiError::invalid("after", problem));
    }
    filter.after = Some(after);
    let snapshots = app.orchestrator.snapshots();
    let tail = Tail { app, caller, filter, snapshots, epoch, seen: after - 1, queue: VecDeque::new() };
    let alive = KeepAlive::new().interval(STREAM_BREATH).text("");
    Ok(([("x-accel-buffering", "no")], Sse::new(tail.events()).keep_alive(alive)))
}

/// Where to go on after an event of an epoch that has ended: there, unless history that came after the beginning of the next epoch
/// was lost and other events have its positions.
async fn in_later_epoch(app: &App, epoch: Epoch, after: Position) -> Result<Position, ApiError> {
    let began = app.reader.query(async |connection| first_of_later_epoch(connection, epoch).await).await?;
    Ok(began.map_or(after, |began| after.min(began - 1)))
}

struct Tail {
    app: App,
    caller: Caller,
    filter: PageFilter,
    snapshots: watch::Receiver<std::sync::Arc<Snapshot>>,
    /// The epoch of what was sent last.
    epoch: Epoch,
    /// The head up to which the table has been searched.
    seen: Position,
    queue: VecDeque<EventView>,
}

impl Tail {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        futures_util::stream::unfold(self, |mut tail| async move {
            let event = tail.next().await?;
            let data = serde_json::to_string(&event).unwrap_or_default();
            Some((
                Ok(Event::default()
                    .id(EventId { epoch: Some(event.epoch), position: event.position }.to_string())
                    .event("event")
                    .data(data)),
                tail,
            ))
        })
    }

    /// The next event; `None` when the token is revoked, the orchestrator stops, or the database cannot be read: the client
    /// comes back with the last id that it saw.
    async fn next(&mut self) -> Option<EventView> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                self.filter.after = Some(event.position);
                return Some(event);
            }
            let (head, epoch) = {
                let snapshot = self.snapshots.borrow_and_update();
                if !self.caller.is_valid(&snapshot) {
                    return None;
                }
                (snapshot.position, snapshot.fleet.epoch())
            };
            if epoch > self.epoch {
                self.turn_to(epoch).await?;
            } else if head > self.seen {
                let page = self.app.reader.query(async |connection| read_page(connection, &self.filter).await).await.ok()?;
                // The table may be ahead of what this orchestrator has folded.
                if let Some(later) = page.iter().map(|event| event.epoch).find(|later| *later > self.epoch) {
                    self.turn_to(later).await?;
                    continue;
                }
                if i64::try_from(page.len()).is_ok_and(|count| count < self.filter.limit) {
                    self.seen = head;
                }
                self.queue.extend(page);
            } else {
                tokio::select! {
                    changed = self.snapshots.changed() => changed.ok()?,
                    () = self.app.shutdown.cancelled() => return None,
                }
                tokio::time::sleep(PACE).await;
            }
        }
    }

    /// Another epoch has begun: what came after its beginning in the one before is void.
    async fn turn_to(&mut self, epoch: Epoch) -> Option<()> {
        let after = self.filter.after.unwrap_or_default();
        let after = in_later_epoch(&self.app, self.epoch, after).await.ok()?;
        self.filter.after = Some(after);
        self.seen = after - 1;
        self.epoch = epoch;
        Some(())
    }
}
