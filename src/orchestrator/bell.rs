//! LISTEN and NOTIFY: tells the other orchestrators that the ledger has grown, and hears it from them. Only ever a hint: who
//! misses one polls. Never inside the append's transaction, where NOTIFY would make all commits of the database queue up.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::connections::Gauge;
use super::metrics::Metrics;
use crate::domain::token::Position;
use crate::log::{Connection, LogError, listen, sql};
use crate::wire::push::AsOf;

/// A half-open connection looks alive for ever, so it is tried this often.
const PING: Duration = Duration::from_secs(3);

/// What was heard: the highest ledger position that anybody has announced.
#[derive(Debug, Default)]
pub(super) struct Heard {
    position: AtomicI64,
    pub wake: Notify,
}

impl Heard {
    /// Whether somebody has announced more than `known`.
    pub(super) fn beyond(&self, known: Position) -> bool {
        self.position.load(Ordering::Relaxed) > known
    }

    fn take(&self, payload: &str) {
        let position = payload.split_once(':').and_then(|(_, position)| position.parse().ok());
        // A payload that we cannot read is a hint all the same.
        self.position.fetch_max(position.unwrap_or(Position::MAX), Ordering::Relaxed);
        self.wake.notify_one();
    }
}

/// Keeps one connection for both directions.
#[derive(Debug)]
pub(super) struct Bell {
    pub database_url: String,
    pub heard: Arc<Heard>,
    pub metrics: Arc<Metrics>,
    pub state: Gauge,
}

impl Bell {
    /// Until shutdown.
    pub(super) async fn run(self, mut ledger: watch::Receiver<AsOf>, shutdown: CancellationToken) {
        let mut backoff = Backoff::default();
        while !shutdown.is_cancelled() {
            let hear = self.heard.clone();
            match listen(&self.database_url, move |payload| hear.take(&payload)).await {
                Ok(connection) => {
                    backoff.reset();
                    self.state.connected();
                    // LISTEN first, then catch up: whatever came before is found by the reader that this wakes.
                    self.heard.take("");
                    let broken = tokio::select! {
                        broken = serve(&connection, &mut ledger, &self.metrics) => broken,
                        () = shutdown.cancelled() => return,
                    };
                    if let Err(error) = broken {
                        self.state.failed(&error);
                        tracing::warn!(%error, "lost the connection for notifications; polling goes on");
                    }
                }
                Err(error) => {
                    self.state.failed(&error);
                    tracing::warn!(%error, "cannot listen for notifications; polling goes on");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(backoff.next()) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }
}

async fn serve(connection: &Connection, ledger: &mut watch::Receiver<AsOf>, metrics: &Metrics) -> Result<(), LogError> {
    let notify = connection.statement(sql::NOTIFY).await?;
    let mut ping = interval(PING);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ledger.mark_changed();
    loop {
        tokio::select! {
            changed = ledger.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
                let AsOf { epoch, ledger_position } = *ledger.borrow_and_update();
                let payload = format!("{epoch}:{ledger_position}");
                patiently(connection.client.query_one(&notify, &[&payload])).await?;
                metrics.notifications_sent.inc();
            }
            _ = ping.tick() => { patiently(connection.client.simple_query("")).await?; }
        }
        if connection.is_closed() {
            return Err(LogError::Silent);
        }
    }
}

async fn patiently<T>(work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, LogError> {
    match timeout(PING, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(LogError::Silent),
    }
}
