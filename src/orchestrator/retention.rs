//! Drops old pulses, and content that no event names, now and then. Every orchestrator tries; whoever gets to it first does it, and the others find it done.
//!
//! It works on a connection of its own, because finding and counting old pulses takes long, and heartbeats must not wait behind it.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Orchestrator;
use super::request::Failure;
use crate::domain::command::Command;
use crate::domain::decide::decide;
use crate::log::{Batch, Condition, Connection, Dropped, LogError, PendingEvent, Purpose, drop_pulses, find_old_pulses, sweep_blobs};

/// Tries to drop one partition before the chore is left until next time.
const TRIES: u32 = 10;

/// How often to look: a tenth of the time for which pulses are kept, within these bounds.
const LOOK_EVERY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(5));

/// How old content must be that no event names before it goes.
const ORPHANED_FOR: Duration = Duration::from_hours(24);

#[derive(Debug)]
pub(super) struct Retention {
    pub orchestrator: Orchestrator,
    pub database_url: String,
    pub actor: String,
    pub keep: Duration,
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl Retention {
    pub(super) async fn run(self, shutdown: CancellationToken) {
        let mut looks = interval((self.keep / 10).clamp(LOOK_EVERY.0, LOOK_EVERY.1));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = looks.tick() => {}
            }
            let swept = shutdown.run_until_cancelled(self.sweep()).await;
            if let Some(Err(error)) = swept {
                tracing::warn!(%error, "what is old could not be dropped; trying again later");
            }
        }
    }

    async fn sweep(&self) -> Result<(), Trouble> {
        self.orchestrator.connected().await;
        let mut connection = Connection::open(&self.database_url, Purpose::Retain).await?;
        let swept = sweep_blobs(&connection, ORPHANED_FOR).await?;
        if swept > 0 {
            tracing::info!(chunks = swept, "content that no event names was removed");
        }
        for _ in 0..TRIES {
            match self.drop_oldest(&mut connection).await? {
                Some(Dropped::Done | Dropped::Raced) => {}
                Some(Dropped::Busy) => {
                    tracing::info!("old pulses stay for now, because somebody reads the event table");
                    return Ok(());
                }
                None => return Ok(()),
            }
        }
        Ok(())
    }

    async fn drop_oldest(&self, connection: &mut Connection) -> Result<Option<Dropped>, Trouble> {
        let Some(old) = find_old_pulses(connection, self.keep).await? else { return Ok(None) };
        let now = self.orchestrator.current().await?;
        let decision = decide(&now.fleet, &Command::DropPulses(old), &now.sight).map_err(Failure::from)?;
        let condition = Condition { epoch: now.fleet.epoch(), ledger_position: now.fleet.ledger_position(), position: None };
        let request_id = Uuid::now_v7();
        let pending = |proposal| PendingEvent { id: Uuid::now_v7(), proposal, actor: self.actor.clone(), request_id: Some(request_id) };
        let batch = Batch { events: decision.events.into_iter().map(pending).collect(), pulse: None };
        let dropped = drop_pulses(connection, old.partition, &batch, &condition).await?;
        if dropped == Dropped::Done {
            tracing::info!(partition = old.partition, first = old.first, last = old.last, pulses = old.count, "old pulses dropped");
        }
        Ok(Some(dropped))
    }
}
