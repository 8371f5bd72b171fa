//! The task that gives leases back, once their sessions are closed, for as long as it takes to be answered.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::link::Link;
use super::message::Message;
use crate::connector::backoff::Backoff;
use crate::domain::name::SessionId;
use crate::domain::token::FencingToken;
use crate::wire::pod::HeldLease;

/// As many as surely fit into one request.
const BATCH: usize = 1000;

/// The leases to be given back. The task looks at the current set, so what is answered is simply taken out of it.
pub(super) type Closed = BTreeSet<(SessionId, FencingToken)>;

pub(super) struct Releaser {
    pub(super) link: Link,
    pub(super) closed: watch::Receiver<Closed>,
    pub(super) inbox: mpsc::Sender<Message>,
}

impl Releaser {
    pub(super) async fn run(mut self) {
        let mut pause = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));
        loop {
            let lease = |(session, token): &(SessionId, FencingToken)| HeldLease { session: session.clone(), token: *token };
            let asked: Vec<_> = self.closed.borrow_and_update().iter().take(BATCH).map(lease).collect();
            if !asked.is_empty() {
                match self.link.release(asked.clone()).await {
                    Ok(answer) => {
                        pause.reset();
                        let _ = self.inbox.send(Message::Released { asked, answer }).await;
                    }
                    Err(error) => {
                        tracing::warn!("cannot release {} closed sessions yet: {error}", asked.len());
                        sleep(pause.next_pause()).await;
                        continue;
                    }
                }
            }
            if self.closed.changed().await.is_err() {
                return;
            }
        }
    }
}
