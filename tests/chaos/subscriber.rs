//! Somebody who follows `GET /v1/events/stream` through everything, and resumes where they were.

use std::sync::Arc;
use std::time::Duration;

use conncentric::time::since_boot;
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::Value;
use sse_stream::SseByteStream;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::client::{Answer, Orchestrators};
use crate::evidence::Heard;
use crate::notebook::Notebook;

/// A stream says something every 5 s, so one that is silent for longer is given up.
const SILENCE: Duration = Duration::from_secs(7);

/// Where the log ends.
pub async fn head(clients: &Orchestrators) -> i64 {
    match clients.send(0, Method::GET, "/v1/events?limit=1", None, Uuid::nil()).await {
        Answer::Done(page) => page["head"].as_i64().expect("a position"),
        other => panic!("no head: {other:?}"),
    }
}

/// How long somebody stays elsewhere before they look whether their own orchestrator is there again.
const AWAY: Duration = Duration::from_secs(3);

/// Follows the ledger until the run is over: at an orchestrator of its own, and for a while at another when that one fails.
pub async fn listen(clients: Orchestrators, subscriber: usize, after: i64, notebook: Arc<Notebook>, over: CancellationToken) {
    let http = reqwest::Client::builder().tcp_nodelay(true).connect_timeout(Duration::from_secs(1)).build().expect("a client");
    let mut last = after.to_string();
    let mut at = subscriber;
    while !over.is_cancelled() {
        let own = at % clients.urls.len() == subscriber;
        let url = format!("{}/v1/events/stream?pulses=false", clients.urls[at % clients.urls.len()]);
        let request = http.get(url).bearer_auth(&clients.token).header("Last-Event-ID", &last).send();
        let opened = timeout(Duration::from_secs(3), request).await;
        if let Ok(Ok(response)) = opened
            && response.status().is_success()
        {
            let follow = follow(response, subscriber, &mut last, &notebook);
            tokio::select! {
                () = follow => {}
                () = sleep(AWAY), if !own => {}
                () = over.cancelled() => {}
            }
        }
        at += 1;
        sleep(Duration::from_millis(100)).await;
    }
}

async fn follow(response: reqwest::Response, subscriber: usize, last: &mut String, notebook: &Notebook) {
    let mut events = std::pin::pin!(SseByteStream::new(response.bytes_stream()));
    while let Ok(Some(Ok(event))) = timeout(SILENCE, events.next()).await {
        let Some(data) = event.data.as_deref().and_then(|data| serde_json::from_str::<Value>(data).ok()) else { continue };
        let position = data["position"].as_i64().expect("a position");
        notebook.heard(Heard { at: since_boot(), subscriber, position, id: data["id"].as_str().expect("an id").to_owned() });
        last.clone_from(&event.id.unwrap_or_else(|| position.to_string()));
    }
}
