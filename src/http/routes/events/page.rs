//! `GET /v1/events`: the event table, paged by position.

use axum::extract::State;
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use serde::Deserialize;

use crate::domain::adapter::{InvalidField, check_text};
use crate::domain::archive::Archive;
use crate::domain::token::Position;
use crate::http::App;
use crate::http::address::Query;
use crate::http::problem::ApiError;
use crate::http::routes::named;
use crate::http::scene::moment;
use crate::log::{At, PageFilter, read_extent, read_head, read_page};
use crate::wire::event::{EventPage, EventView, SealedView};

/// Events on one page at most.
pub(crate) const MAX_LIMIT: i64 = 1000;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    pub after: Option<Position>,
    pub before: Option<Position>,
    pub limit: Option<i64>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub session: Option<String>,
    pub stream: Option<String>,
    pub actor: Option<String>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    /// `false` leaves out the pulses, which record heartbeats.
    pub pulses: Option<bool>,
    /// `asc` (default) or `desc`.
    pub order: Option<String>,
    /// Up to this time or position, included.
    pub at: Option<String>,
}

impl Filter {
    /// The filter in the log's terms, one event wider than the page, so that its end is known.
    pub(crate) fn into_page(self) -> Result<PageFilter, ApiError> {
        self.check()?;
        let newest_first = match self.order.as_deref() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(ApiError::invalid("order", "write asc or desc")),
        };
        let limit = self.limit.unwrap_or(100);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(ApiError::invalid("limit", format!("{limit} is out of bounds; give 1 to {MAX_LIMIT}")));
        }
        let stream = match (self.session, self.stream) {
            (Some(_), Some(_)) => return Err(ApiError::invalid("stream", "give either session or stream")),
            (Some(session), None) => {
                let session: crate::domain::name::SessionId = named("session", &session)?;
                Some(format!("session:{session}"))
            }
            (None, stream) => stream,
        };
        Ok(PageFilter {
            after: self.after,
            before: self.before,
            kind: self.kind,
            stream,
            actor: self.actor,
            from: self.from,
            to: self.to,
            pulses: self.pulses.unwrap_or(true),
            newest_first,
            limit: limit + 1,
        })
    }

    /// Refuses what the database could not even be asked.
    fn check(&self) -> Result<(), InvalidField> {
        for (field, text) in [("type", &self.kind), ("stream", &self.stream), ("actor", &self.actor)] {
            text.iter().try_for_each(|text| check_text(field, text))?;
        }
        for (field, position) in [("after", self.after), ("before", self.before)] {
            if position.is_some_and(|position| position < 0) {
                return Err(InvalidField::new(field, "positions begin at 1; give 0 for what comes before all of them"));
            }
        }
        for (field, time) in [("from", self.from), ("to", self.to)] {
            if time.is_some_and(|time| !(0..=9999).contains(&time.year())) {
                return Err(InvalidField::new(field, "the year has four digits, as in 2026-01-31T12:00:00Z"));
            }
        }
        Ok(())
    }
}

/// Narrows a filter to what had happened by a moment, once it is known to lie in the log.
async fn up_to(app: &App, at: &str, filter: PageFilter) -> Result<PageFilter, ApiError> {
    let at = moment(at)?;
    let extent = app.reader.query(read_extent).await?;
    at.within(&extent)?;
    // Both ends of a page are exclusive, and PostgreSQL's times have microseconds.
    Ok(match at {
        At::Now => filter,
        At::Position(last) => PageFilter { before: Some(filter.before.map_or(last + 1, |before| before.min(last + 1))), ..filter },
        At::Time(last) => {
            let end = last + TimeDelta::microseconds(1);
            PageFilter { to: Some(filter.to.map_or(end, |to| to.min(end))), ..filter }
        }
    })
}

/// A page of the event table, pulses included. `next` is where the following page begins: the next `after`, or with
/// `order=desc` the next `before`.
#[utoipa::path(get, path = "/v1/events", tag = "events",
    params(("after" = Option<i64>, Query), ("before" = Option<i64>, Query), ("limit" = Option<i64>, Query), ("type" = Option<String>, Query),
        ("session" = Option<String>, Query), ("stream" = Option<String>, Query), ("actor" = Option<String>, Query),
        ("from" = Option<DateTime<Utc>>, Query), ("to" = Option<DateTime<Utc>>, Query), ("pulses" = Option<bool>, Query), ("order" = Option<String>, Query), ("at" = Option<String>, Query)),
    responses((status = 200, body = EventPage)))]
pub(crate) async fn page(State(app): State<App>, Query(mut filter): Query<Filter>) -> Result<axum::Json<EventPage>, ApiError> {
    let at = filter.at.take();
    let filter = filter.into_page()?;
    let filter = match at {
        Some(at) => up_to(&app, &at, filter).await?,
        None => filter,
    };
    let (head, mut events) =
        app.reader.query(async |connection| Ok((read_head(connection).await?, read_page(connection, &filter).await?))).await?;
    let full = i64::try_from(events.len()).is_ok_and(|count| count == filter.limit);
    if full {
        events.pop();
    }
    let next = events.last().filter(|_| full).map(|event: &EventView| event.position);
    let sealed = filter.after.and_then(|after| app.read().fleet.archive_of(after.saturating_add(1)).map(view));
    Ok(axum::Json(EventPage { events, next, head: head.position, sealed }))
}

fn view(archive: &Archive) -> SealedView {
    SealedView { first: archive.first, last: archive.last, file: archive.file.clone() }
}
