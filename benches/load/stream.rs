//! A pod's stream as the load generator hears it: which session is to start under which token, and when that was said.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::ensure;
use chrono::{DateTime, Utc};
use conncentric::domain::name::{Holder, SessionId};
use conncentric::domain::token::FencingToken;
use conncentric::time::wall_clock;
use conncentric::wire::push::Push;
use futures_util::StreamExt;
use sse_stream::SseByteStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// A session that a pod was told to start.
#[derive(Debug)]
pub(crate) struct Started {
    pub session: SessionId,
    pub token: FencingToken,
    pub at: Instant,
    /// The same moment by the clock that the database on this machine has, too.
    pub wall: DateTime<Utc>,
}

/// Opens the stream and returns once it has told of all the leases that there are. It is read until the set is dropped.
pub(crate) async fn listen(
    tasks: &mut JoinSet<()>,
    address: SocketAddr,
    token: &str,
    holder: &Holder,
    heard: mpsc::UnboundedSender<Started>,
) -> anyhow::Result<()> {
    let started = |push, at, wall| match push {
        Push::Start(start) => Some(Started { session: start.lease.session, token: start.lease.token, at, wall }),
        _ => None,
    };
    listen_for(tasks, address, token, holder, heard, started).await
}

/// The same of whatever `pick` makes something of.
pub(crate) async fn listen_for<T: Send + 'static>(
    tasks: &mut JoinSet<()>,
    address: SocketAddr,
    token: &str,
    holder: &Holder,
    heard: mpsc::UnboundedSender<T>,
    pick: impl Fn(Push, Instant, DateTime<Utc>) -> Option<T> + Send + 'static,
) -> anyhow::Result<()> {
    let url = format!("http://{address}/v1/pods/{}/stream?incarnation={}", holder.pod, holder.incarnation);
    let response = reqwest::Client::builder().tcp_nodelay(true).build()?.get(url).bearer_auth(token).send().await?;
    ensure!(response.status().is_success(), "the stream is refused: {}", response.status());
    let mut events = Box::pin(SseByteStream::new(response.bytes_stream()));
    // The full set comes first.
    ensure!(events.next().await.is_some(), "the stream ended at once");
    tasks.spawn(async move {
        while let Some(Ok(event)) = events.next().await {
            let (at, wall) = (Instant::now(), wall_clock());
            let push = Push::read(event.event.as_deref().unwrap_or_default(), event.data.as_deref().unwrap_or_default());
            if let Some(told) = push.ok().flatten().and_then(|push| pick(push, at, wall))
                && heard.send(told).is_err()
            {
                return;
            }
        }
    });
    Ok(())
}
