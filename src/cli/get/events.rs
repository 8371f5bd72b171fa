//! `get events`: the event table, newest events last.

use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::Url;
use serde_json::Value;

use super::follow;
use crate::cli::output::{self, Format, harmless};
use crate::cli::server::Api;
use crate::cli::table::{Table, text};
use crate::cli::values;
use crate::domain::token::Position;
use crate::wire::event::{EventPage, EventView};

/// Lists events: everything that ever happened, in the order in which it did.
///
/// Example: conncentric get events --session venue-a/0 --follow
#[derive(Debug, clap::Args)]
pub(super) struct EventsArgs {
    /// Only the event at this position
    #[arg(value_name = "POSITION", value_parser = clap::value_parser!(Position).range(1..))]
    position: Option<Position>,

    #[command(flatten)]
    filter: Filter,

    /// Begin after this position, for example 1200. Without it, the newest events are shown
    #[arg(long, env = "CONNCENTRIC_AFTER", value_name = "POSITION")]
    after: Option<Position>,

    /// How many events to show at most
    #[arg(long, env = "CONNCENTRIC_LIMIT", value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,

    /// Go on with new events as they happen, until Ctrl-C. With -o json, one event a line
    #[arg(long, short, env = "CONNCENTRIC_FOLLOW", conflicts_with = "at")]
    follow: bool,

    /// Only what had happened by this time or position of the log, for example 2026-01-31T12:00:00Z or 1200
    #[arg(long, env = "CONNCENTRIC_AT", value_name = "TIME|POSITION", allow_hyphen_values = true)]
    at: Option<String>,
}

/// Which events; all conditions must hold.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Filter {
    /// Show the pulses too, which record heartbeats
    #[arg(long, env = "CONNCENTRIC_PULSES")]
    pulses: bool,

    /// Only events of this type, for example SessionClaimed
    #[arg(long = "type", env = "CONNCENTRIC_EVENT_TYPE", value_name = "TYPE")]
    kind: Option<String>,

    /// Only events of this session, for example venue-a/0
    #[arg(long, env = "CONNCENTRIC_SESSION_FILTER", value_name = "SESSION")]
    session: Option<crate::domain::name::SessionId>,

    /// Only events of this actor, as the ACTOR column shows it
    #[arg(long, env = "CONNCENTRIC_ACTOR", value_name = "ACTOR")]
    actor: Option<String>,

    /// Only events recorded at this time or later, for example 2026-01-31T12:00:00Z
    #[arg(long, env = "CONNCENTRIC_FROM", value_name = "TIME", value_parser = values::time)]
    from: Option<DateTime<Utc>>,

    /// Only events recorded before this time, for example 2026-01-31T13:00:00Z
    #[arg(long, env = "CONNCENTRIC_TO", value_name = "TIME", value_parser = values::time)]
    to: Option<DateTime<Utc>>,
}

impl EventsArgs {
    pub(super) async fn run(self, api: &Api, format: Format) -> anyhow::Result<()> {
        let path = self.path()?;
        if self.follow && self.position.is_none() {
            return follow::run(api, format, &self.filter, &path).await;
        }
        let answer = api.get_verbatim(&path).await?;
        if format == Format::Json {
            return output::json(&answer.body);
        }
        let page: EventPage = serde_json::from_str(&answer.body)?;
        if let Some(position) = self.position.filter(|position| page.events.first().is_none_or(|event| event.position != *position)) {
            return Err(absent(position, &page));
        }
        if let Some(sealed) = &page.sealed {
            output::note(&format!("positions {} to {} are sealed, in {}", sealed.first, sealed.last, sealed.file));
        }
        if page.events.is_empty() {
            output::note("there are none");
            return Ok(());
        }
        output::line(&table(&in_order(page.events)).render())?;
        if let (Some(next), Some(_)) = (page.next, self.after) {
            output::note(&format!("there are more: --after {next}"));
        }
        Ok(())
    }

    fn path(&self) -> anyhow::Result<String> {
        let mut page = match (self.position, self.after) {
            (Some(position), _) => {
                let any = Filter { pulses: true, ..self.filter.clone() };
                return any.path("/v1/events", vec![("after", (position - 1).to_string()), ("limit", "1".into())]);
            }
            (None, Some(after)) => vec![("after", after.to_string()), ("limit", self.limit.to_string())],
            (None, None) => vec![("order", "desc".into()), ("limit", self.limit.to_string())],
        };
        page.extend(self.at.clone().map(|at| ("at", at)));
        self.filter.path("/v1/events", page)
    }
}

impl Filter {
    /// The path with this filter and `more` as its query.
    pub(super) fn path(&self, path: &str, more: Vec<(&'static str, String)>) -> anyhow::Result<String> {
        let time = |at: &DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let conditions = [
            ("type", self.kind.clone()),
            ("session", self.session.as_ref().map(ToString::to_string)),
            ("actor", self.actor.clone()),
            ("from", self.from.as_ref().map(time)),
            ("to", self.to.as_ref().map(time)),
            // Somebody who names a type means it.
            ("pulses", (!self.pulses && self.kind.is_none()).then(|| "false".to_owned())),
        ];
        // Only the path and the query of this URL are used; it is what encodes them.
        let mut url = Url::parse("http://orchestrator")?.join(path)?;
        url.query_pairs_mut()
            .extend_pairs(more)
            .extend_pairs(conditions.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))));
        Ok(match url.query() {
            Some(query) if !query.is_empty() => format!("{}?{query}", url.path()),
            _ => url.path().to_owned(),
        })
    }
}

fn absent(position: Position, page: &EventPage) -> anyhow::Error {
    match &page.sealed {
        Some(sealed) => anyhow::anyhow!(
            "position {position} is sealed, in {} (positions {} to {}); look there with grep '^{{\"position\":{position},'",
            sealed.file,
            sealed.first,
            sealed.last
        ),
        None if position > page.head => anyhow::anyhow!("there is no event at that position; the newest is {}", page.head),
        None => anyhow::anyhow!("there is no such event at position {position}; records of heartbeats are dropped after a while"),
    }
}

/// Oldest first, however they came, because people read downwards.
pub(super) fn in_order(mut events: Vec<EventView>) -> Vec<EventView> {
    events.sort_by_key(|event| event.position);
    events
}

fn table(events: &[EventView]) -> Table {
    let mut table = Table::new(&HEADERS);
    for event in events {
        table.row(columns(event).map(text));
    }
    table
}

pub(super) const HEADERS: [&str; 6] = ["POSITION", "RECORDED AT", "TYPE", "STREAM", "ACTOR", "DATA"];

pub(super) fn columns(event: &EventView) -> [String; 6] {
    [
        event.position.to_string(),
        event.recorded_at.format("%F %T%.3f").to_string(),
        event.kind.clone(),
        harmless(&event.stream),
        harmless(&event.actor),
        harmless(&summary(event)),
    ]
}

/// The data as `key=value`, without what the stream says already and what only programs need.
fn summary(event: &EventView) -> String {
    const LONGEST: usize = 120;
    let Value::Object(data) = &event.data else {
        return event.data.to_string();
    };
    let said = event.stream.split_once(':').map_or("", |(_, about)| about);
    let mut parts = Vec::new();
    for (key, value) in data {
        match value {
            Value::Null => {}
            Value::String(text) if text == said => {}
            Value::String(text) => parts.push(format!("{key}={text}")),
            other => parts.push(format!("{key}={other}")),
        }
    }
    let text = parts.join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(position: Option<Position>, after: Option<Position>) -> EventsArgs {
        EventsArgs { position, filter: Filter::default(), after, limit: 50, follow: false, at: None }
    }

    #[test]
    fn the_newest_are_asked_for_unless_a_place_is_named() {
        assert_eq!(args(None, None).path().expect("a path"), "/v1/events?order=desc&limit=50&pulses=false");
        assert_eq!(args(None, Some(7)).path().expect("a path"), "/v1/events?after=7&limit=50&pulses=false");
        let past = EventsArgs { at: Some("2026-01-31T12:00:00Z".into()), ..args(None, None) };
        assert_eq!(past.path().expect("a path"), "/v1/events?order=desc&limit=50&at=2026-01-31T12%3A00%3A00Z&pulses=false");
        assert_eq!(args(Some(7), None).path().expect("a path"), "/v1/events?after=6&limit=1");
    }

    #[test]
    fn filters_are_encoded() {
        let filter = Filter {
            session: Some("venue-a/0".parse().expect("a session")),
            actor: Some("user:a&b c".into()),
            from: Some("2026-01-31T12:00:00Z".parse().expect("a time")),
            ..Filter::default()
        };
        let path = filter.path("/v1/events/stream", Vec::new()).expect("a path");
        assert_eq!(path, "/v1/events/stream?session=venue-a%2F0&actor=user%3Aa%26b+c&from=2026-01-31T12%3A00%3A00Z&pulses=false");
        assert_eq!(Filter::default().path("/v1/events/stream", Vec::new()).expect("a path"), "/v1/events/stream?pulses=false");
    }

    #[test]
    fn a_summary_leaves_out_what_the_stream_says_and_is_bounded() {
        let mut event: EventView = serde_json::from_value(serde_json::json!({
            "position": 7, "epoch": 1, "id": "00000000-0000-0000-0000-000000000000", "type": "SessionClaimed", "schema_version": 1,
            "stream": "session:venue-a/0", "recorded_at": "2026-01-01T00:00:00Z", "actor": "x", "request_id": null, "cause": null,
            "data": {"session": "venue-a/0", "pod": "pod-1", "reason": null, "ttl_ms": 5000}, "hash": null,
        }))
        .expect("an event");
        assert_eq!(summary(&event), "pod=pod-1 ttl_ms=5000");
        event.data = serde_json::json!({ "reason": "é".repeat(1000) });
        assert_eq!(summary(&event).chars().count(), 121);
    }
}
