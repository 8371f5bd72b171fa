//! Ends the leases of silent pods, and gives vacant sessions another chance.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::{Core, Trouble};
use crate::domain::command::Command;
use crate::domain::decide::decide;
use crate::log::{Appended, Batch, Condition, Outcome, PendingEvent};
use crate::orchestrator::expiry::{next_due, silent_until};
use crate::orchestrator::request::Request;

/// Races that an expiry may lose before it locks the others out.
const POLITE_TRIES: u32 = 3;

/// How long a session that nobody could take waits for the next try: a pod that was silent may be heard again, which no event of
/// the ledger tells.
const SECOND_CHANCE: Duration = Duration::from_millis(250);

/// When to look at the leases again.
#[derive(Debug)]
pub(super) struct Watch {
    /// No lease can have run out before.
    pub due: Option<Instant>,
    /// The ledger position that `due` was worked out for.
    ledger: i64,
    next_chance: Instant,
}

impl Watch {
    pub(super) fn new(now: Instant) -> Self {
        Self { due: None, ledger: -1, next_chance: now }
    }
}

impl Core {
    pub(super) async fn expire_if_due(&mut self) {
        if self.link.is_none() || (self.watch.ledger == self.state.fleet.ledger_position() && !self.is_due()) {
            return;
        }
        self.set_watch(Instant::now());
        if self.is_due() && self.has_spoken() {
            self.serve_waiting().await;
            self.set_watch(Instant::now());
        }
        if self.is_due() {
            if let Err(Trouble::Refused(error)) = self.expire().await {
                tracing::error!(%error, "the database refused an expiry");
            }
            let now = Instant::now();
            self.watch.next_chance = now + SECOND_CHANCE;
            // Whatever went wrong must not keep the core from everything else.
            self.set_watch(now + Duration::from_millis(1));
        }
    }

    fn is_due(&self) -> bool {
        self.watch.due.is_some_and(|due| due <= Instant::now())
    }

    /// Whether a heartbeat waits of a pod whose time is up: it came in time and was not looked at, because much else was to be done.
    /// It is recorded first (I7). Everything else waits for the expiry, so that a takeover does not.
    fn has_spoken(&mut self) -> bool {
        self.gather();
        let now = Instant::now();
        let (fleet, sight) = (&self.state.fleet, &self.state.sight);
        let of_silent = |request: &Request| {
            let registration = request.heartbeat().and_then(|heartbeat| fleet.registration_of(&heartbeat.holder));
            registration.is_some_and(|(id, _)| silent_until(fleet, sight, id) <= now)
        };
        self.waiting.iter().any(of_silent)
    }

    fn set_watch(&mut self, not_before: Instant) {
        let fleet = &self.state.fleet;
        let chance = fleet.vacancies().next().map(|_| self.watch.next_chance);
        let due = next_due(fleet, &self.state.sight).into_iter().chain(chance).min();
        self.watch.due = due.map(|due| due.max(not_before));
        self.watch.ledger = fleet.ledger_position();
    }

    /// Appends what time has brought, provided that nobody has recorded anything, a pulse included, that is not folded here
    /// (design 2). Loses a few races politely, then locks the others out for one round.
    async fn expire(&mut self) -> Result<(), Trouble> {
        for attempt in 0.. {
            let locked = attempt >= POLITE_TRIES;
            let done = self.try_expire(locked).await;
            if locked && done.is_err() {
                // The connection's end is the transaction's.
                self.link = None;
            }
            match done {
                Err(Trouble::Stale) => {}
                done => {
                    self.state.publish(&self.outlets);
                    return done;
                }
            }
        }
        Ok(())
    }

    async fn try_expire(&mut self, locked: bool) -> Result<(), Trouble> {
        if locked {
            let locking = self.link()?.lock().await;
            locking.map_err(|error| self.broken(&error))?;
        }
        self.catch_up().await?;
        let batch = self.expiries();
        let condition = self.state.condition_of_expiry();
        let began = Instant::now();
        let appended = if batch.is_empty() { None } else { Some(self.append_expiries(&batch, &condition).await?) };
        if locked {
            let unlocking = self.link()?.unlock().await;
            unlocking.map_err(|error| self.broken(&error))?;
        }
        if let Some(appended) = appended {
            let recorded = self.fold_own(&batch, &condition, &appended, began)?;
            tracing::info!(events = recorded.len(), position = appended.position, "time has ended leases or given vacant sessions away");
        }
        Ok(())
    }

    async fn append_expiries(&mut self, batch: &Batch, condition: &Condition) -> Result<Appended, Trouble> {
        match self.link()?.append(batch, condition).await {
            Ok(Outcome::Appended(appended)) => Ok(appended),
            Ok(Outcome::Conflict | Outcome::Carried(_)) => {
                self.outlets.metrics.conflicts.inc();
                Err(Trouble::Stale)
            }
            Err(error) => Err(self.broken(&error)),
        }
    }

    fn expiries(&self) -> Batch {
        let request_id = Uuid::now_v7();
        let decided = decide(&self.state.fleet, &Command::Expire, &self.state.sight);
        let proposals = decided.map_or_else(
            |fault| {
                tracing::error!(%fault, "cannot decide on expiries");
                Vec::new()
            },
            |decision| decision.events,
        );
        let pending = |proposal| PendingEvent {
            id: Uuid::now_v7(),
            proposal,
            actor: format!("orchestrator:{}", self.name),
            request_id: Some(request_id),
        };
        Batch { events: proposals.into_iter().map(pending).collect(), pulse: None }
    }
}
