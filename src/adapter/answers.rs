//! The task that passes on what became of actions.
//!
//! An answer that is lost leaves its action open until the ownership ends, so each is sent until an orchestrator has taken it in or
//! refused it, in the order in which they were given.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;
use uuid::Uuid;

use super::link::Link;
use crate::connector::backoff::Backoff;
use crate::domain::action::MAX_ANSWERS;
use crate::wire::action::NewAnswer;

pub(super) struct Respondent {
    pub(super) link: Link,
    pub(super) answers: mpsc::UnboundedReceiver<NewAnswer>,
}

impl Respondent {
    pub(super) async fn run(mut self) {
        while let Some(first) = self.answers.recv().await {
            let mut batch = vec![first];
            while batch.len() < MAX_ANSWERS
                && let Ok(answer) = self.answers.try_recv()
            {
                batch.push(answer);
            }
            self.send(batch).await;
        }
    }

    /// Sends a batch under one key until it is answered, so that it is in the log once.
    async fn send(&self, batch: Vec<NewAnswer>) {
        let key = Uuid::new_v4();
        let mut pause = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        loop {
            match self.link.answer(key, batch.clone()).await {
                Ok(answer) => {
                    for refused in answer.refused {
                        tracing::info!(session = %refused.session, "an answer came too late: {}", refused.reason);
                    }
                    return;
                }
                Err(error) if error.is_passing() => sleep(pause.next_pause()).await,
                Err(error) => {
                    tracing::warn!("{} answers to actions are lost: {error}", batch.len());
                    return;
                }
            }
        }
    }
}
