//! `get events --follow`: the newest events, then each as it happens, over any number of broken streams.

use std::time::Duration;

use futures_util::StreamExt;
use sse_stream::SseByteStream;

use super::events::{Filter, HEADERS, columns, in_order};
use crate::cli::output::{self, Format};
use crate::cli::server::Api;
use crate::client;
use crate::wire::event::{EventPage, EventView};

/// Orchestrators send a comment every few seconds, so a stream that is silent for this long is dead.
const SILENCE: Duration = Duration::from_secs(45);
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Shows the page at `first_page`, then what comes after it.
pub(super) async fn run(api: &Api, format: Format, filter: &Filter, first_page: &str) -> anyhow::Result<()> {
    let page: EventPage = api.get(first_page).await?;
    if format == Format::Table {
        output::line(&aligned(HEADERS.map(str::to_owned)))?;
    }
    // Not the head: events may lie between the page and it, and those come by the stream.
    let mut last = page.events.iter().max_by_key(|event| event.position).map_or_else(|| page.head.to_string(), id);
    for event in in_order(page.events) {
        show(format, &event)?;
    }
    let path = filter.path("/v1/events/stream", Vec::new())?;
    loop {
        let error = match listen(api, format, &path, &mut last).await {
            Ok(()) => "the stream ended".to_owned(),
            Err(error) if error.downcast_ref().is_some_and(client::Error::is_passing) => error.to_string(),
            Err(error) => return Err(error),
        };
        output::note(&format!("{error}; going on after event {last}"));
        tokio::time::sleep(RETRY_AFTER).await;
    }
}

/// The id that the stream gives an event, which says in which history it happened.
fn id(event: &EventView) -> String {
    format!("{}:{}", event.epoch, event.position)
}

/// Shows events until the stream breaks. `last` is the id of the last one that was shown.
async fn listen(api: &Api, format: Format, path: &str, last: &mut String) -> anyhow::Result<()> {
    let response = api.stream(path, &[("Last-Event-ID", last.clone())]).await?;
    // The silence is measured on the bytes: comments end it and are no messages.
    let bytes = Box::pin(tokio_stream::StreamExt::timeout(response.bytes_stream(), SILENCE));
    let bytes = bytes.map(|chunk| match chunk {
        Ok(chunk) => chunk.map_err(std::io::Error::other),
        Err(elapsed) => Err(std::io::Error::other(elapsed)),
    });
    let mut messages = std::pin::pin!(SseByteStream::new(bytes));
    while let Some(Ok(message)) = messages.next().await {
        let Some(data) = message.data.filter(|data| !data.is_empty()) else { continue };
        let event: EventView = serde_json::from_str(&data)?;
        *last = id(&event);
        show(format, &event)?;
    }
    Ok(())
}

fn show(format: Format, event: &EventView) -> anyhow::Result<()> {
    match format {
        Format::Json => output::line(&serde_json::to_string(event)?),
        Format::Table => output::line(&aligned(columns(event))),
    }
}

/// Widths that fit most events: what is still to come cannot be measured.
fn aligned([position, at, kind, stream, actor, data]: [String; 6]) -> String {
    format!("{position:>8}   {at:<23}   {kind:<20}   {stream:<24}   {actor:<36}   {data}").trim_end().to_owned()
}
