//! The task that listens to what orchestrators push. A hint only: heartbeat answers repeat whatever is missed.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use sse_stream::SseByteStream;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{sleep, timeout};

use super::link::Link;
use super::message::Message;
use crate::connector::backoff::Backoff;
use crate::wire::push::Push;

/// Orchestrators send at least a comment every 5 s, so a stream that is silent for longer is dead.
const SILENCE: Duration = Duration::from_secs(15);

/// How long an orchestrator may take to open a stream.
const OPENING: Duration = Duration::from_secs(5);

pub(super) struct Ear {
    pub(super) link: Link,
    /// Counts the registrations; each has a stream of its own.
    pub(super) registrations: watch::Receiver<u64>,
    pub(super) nudge: Arc<Notify>,
    pub(super) inbox: mpsc::Sender<Message>,
}

impl Ear {
    pub(super) async fn run(mut self) {
        let mut pause = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        while self.registrations.wait_for(|count| *count > 0).await.is_ok() {
            self.registrations.mark_unchanged();
            let mut registrations = self.registrations.clone();
            let reason = tokio::select! {
                reason = self.listen(&mut pause) => reason,
                changed = registrations.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return,
                },
            };
            tracing::debug!("the stream ended: {reason}");
            sleep(pause.next_pause()).await;
        }
    }

    /// Listens until the stream ends, and says why it did.
    async fn listen(&self, pause: &mut Backoff) -> String {
        let response = match timeout(OPENING, self.link.stream()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return error.to_string(),
            Err(_) => return "no orchestrator opened it in time".into(),
        };
        let bytes = within(SILENCE, response.bytes_stream());
        let mut events = std::pin::pin!(SseByteStream::new(bytes));
        loop {
            match events.next().await {
                None => return "the orchestrator closed it".into(),
                Some(Err(error)) => return error.to_string(),
                Some(Ok(event)) => {
                    pause.reset();
                    self.hear(event.event.as_deref().unwrap_or_default(), event.data.as_deref().unwrap_or_default()).await;
                }
            }
        }
    }

    async fn hear(&self, name: &str, data: &str) {
        match Push::read(name, data) {
            // It has no place in the log, so it may be about an earlier registration. A heartbeat tells for sure.
            Ok(Some(Push::Gone { reason })) => {
                tracing::warn!("an orchestrator says that the registration is gone: {reason}");
                self.nudge.notify_one();
            }
            // The pod has ended if nobody listens, and this task is about to.
            Ok(Some(push)) => drop(self.inbox.send(Message::Push(push)).await),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!("a \"{name}\" of the stream cannot be understood, so a heartbeat asks: {error}");
                self.nudge.notify_one();
            }
        }
    }
}

/// A stream that fails when it is silent for too long.
fn within<B, E>(silence: Duration, bytes: impl Stream<Item = Result<B, E>>) -> impl Stream<Item = io::Result<B>>
where
    E: std::error::Error + Send + Sync + 'static,
{
    stream::try_unfold(Box::pin(bytes), move |mut bytes| async move {
        match timeout(silence, bytes.next()).await {
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "nothing was heard for too long")),
            Ok(None) => Ok(None),
            Ok(Some(Ok(piece))) => Ok(Some((piece, bytes))),
            Ok(Some(Err(error))) => Err(io::Error::other(error)),
        }
    })
}
