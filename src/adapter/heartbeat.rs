//! The task that registers the pod and keeps up its heartbeat: exactly one request in flight at any time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::link::{Beat, Link, code};
use super::message::Message;
use super::metrics::Metrics;
use super::trust::{self, Trust};
use crate::client::Error;
use crate::connector::backoff::{Backoff, jittered};
use crate::domain::adapter::LeaseTtl;
use crate::domain::token::Epoch;
use crate::time::since_boot;
use crate::wire::pod::{HeartbeatAnswer, LeaseReport};
use crate::wire::push::AsOf;

/// Early heartbeats are at least this far apart: news of many sessions travels together.
const EARLIEST: Duration = Duration::from_millis(50);

/// What the next heartbeat says. A change sends it early.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Vitals {
    /// Each lease with its timeout.
    pub(super) leases: Vec<(LeaseReport, LeaseTtl)>,
    /// The shortest timeout among them.
    pub(super) shortest: Option<LeaseTtl>,
    /// A new one is answered at once: leases are renewed only by who has said that it knows.
    pub(super) epoch: Option<Epoch>,
}

pub(super) struct Heart {
    pub(super) link: Link,
    pub(super) vitals: watch::Receiver<Vitals>,
    pub(super) standing: watch::Receiver<Trust>,
    /// The newest receipt, with what it is for.
    pub(super) receipt: Option<(AsOf, String)>,
    /// Asks for a heartbeat now.
    pub(super) nudge: Arc<Notify>,
    /// Counts the registrations; nothing is heard before the first.
    pub(super) registrations: watch::Sender<u64>,
    pub(super) inbox: mpsc::Sender<Message>,
    pub(super) metrics: Arc<Metrics>,
}

/// Why a heart stops beating: the pod must end, and has been told.
struct Refused;

impl Heart {
    pub(super) async fn run(mut self) {
        let Ok(mut interval) = self.register().await else { return };
        let mut failures = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let mut sequence = 0_i64;
        loop {
            sequence = sequence.saturating_add(1);
            let began = Instant::now();
            let vitals = self.vitals.borrow_and_update().clone();
            let sent = since_boot();
            let timeout = trust::try_timeout(vitals.shortest, interval);
            self.metrics.heartbeats_sent.inc();
            let named = vitals.epoch;
            match self.link.heartbeat(self.beat(sequence, vitals, sent), timeout).await {
                Ok(answer) => {
                    failures.reset();
                    self.keep_receipt(&answer);
                    interval = Duration::from_millis(answer.heartbeat_interval_ms.into()).max(EARLIEST);
                    self.tell(Message::Answered { sent, named, answer }).await;
                    self.rest(began, interval).await;
                }
                Err(error) => {
                    self.metrics.heartbeats_failed.inc();
                    match self.hear_failure(&error).await {
                        Ok(false) => sleep(failures.next_pause().min(interval)).await,
                        Ok(true) => match self.register().await {
                            Ok(news) => interval = news,
                            Err(Refused) => return,
                        },
                        Err(Refused) => return,
                    }
                }
            }
        }
    }

    /// What a heartbeat says that is sent now.
    fn beat(&self, sequence: i64, vitals: Vitals, now: Duration) -> Beat {
        let trust = *self.standing.borrow();
        let leases = vitals.leases.into_iter().map(|(report, ttl)| LeaseReport { trusted: now < trust.until(ttl), ..report }).collect();
        Beat { sequence, leases, epoch: vitals.epoch, receipt: self.receipt.as_ref().map(|(_, receipt)| receipt.clone()) }
    }

    fn keep_receipt(&mut self, answer: &HeartbeatAnswer) {
        if !answer.receipt.is_empty() && self.receipt.as_ref().is_none_or(|(as_of, _)| *as_of <= answer.as_of) {
            self.receipt = Some((answer.as_of, answer.receipt.clone()));
        }
    }

    /// Waits for the next heartbeat: an interval after the last one began, or early because there is news.
    async fn rest(&mut self, began: Instant, interval: Duration) {
        sleep_until(began + EARLIEST.min(interval)).await;
        tokio::select! {
            () = sleep_until(began + interval) => {}
            () = self.nudge.notified() => {}
            // The pod has ended if the sender is gone, and this task with it.
            _ = self.vitals.changed() => {}
        }
    }

    /// Passes on what a failed request means. True if the pod has to register again.
    async fn hear_failure(&self, error: &Error) -> Result<bool, Refused> {
        let reason = error.to_string();
        let Error::Refused(problem) = error else {
            tracing::warn!("no heartbeat: {reason}");
            return Ok(false);
        };
        match (problem.status, problem.code.as_str()) {
            (_, code::POD_SUPERSEDED) => {
                self.tell(Message::Refused { reason }).await;
                Err(Refused)
            }
            (_, code::POD_UNKNOWN) => {
                self.tell(Message::Lost { reason }).await;
                Ok(true)
            }
            (401 | 403, _) => {
                self.tell(Message::Unauthorised { reason }).await;
                Ok(false)
            }
            _ => {
                tracing::warn!("no heartbeat: {reason}");
                Ok(false)
            }
        }
    }

    /// Registers, for as long as it takes, and gives back the heartbeat interval.
    async fn register(&mut self) -> Result<Duration, Refused> {
        let mut pause = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        loop {
            let sent = since_boot();
            let error = match self.link.register().await {
                Ok(answer) => {
                    let interval = Duration::from_millis(answer.heartbeat_interval_ms.into()).max(EARLIEST);
                    self.tell(Message::Registered { sent, answer }).await;
                    self.registrations.send_modify(|count| *count += 1);
                    // Many pods register at once when orchestrators come back; their heartbeats spread out again here.
                    // News goes at once.
                    tokio::select! {
                        () = sleep(jittered(interval / 2)) => {}
                        () = self.nudge.notified() => {}
                        _ = self.vitals.changed() => {}
                    }
                    return Ok(interval);
                }
                Err(error) => error,
            };
            if is_final(&error) {
                self.tell(Message::Refused { reason: error.to_string() }).await;
                return Err(Refused);
            }
            if let Error::Refused(problem) = &error
                && matches!(problem.status, 401 | 403)
            {
                self.tell(Message::Unauthorised { reason: problem.detail.clone() }).await;
            }
            tracing::warn!("cannot register yet: {error}");
            sleep(pause.next_pause()).await;
        }
    }

    async fn tell(&self, message: Message) {
        // The pod has ended if nobody listens, and this task is about to.
        let _ = self.inbox.send(message).await;
    }
}

/// Whether a refused registration would be refused for ever.
fn is_final(error: &Error) -> bool {
    match error {
        Error::Refused(problem) => problem.code == code::POD_SUPERSEDED || matches!(problem.status, 400 | 413 | 422),
        _ => false,
    }
}
