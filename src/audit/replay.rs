//! Replay: the past worked out from the event table alone. A pure fold, and the loop that feeds it.
//!
//! Ownership never depends on a pulse, because that a lease ran out is an event of its own. So a replay needs no timing, and
//! gives the same answer wherever and whenever it runs.

use std::time::Duration;

use tokio_postgres::IsolationLevel;

use super::archive::{ArchiveError, Archives};
use super::explain::Memory;
use super::pages::{self, Pages};
use crate::domain::adapter::LeaseTtl;
use crate::domain::event::Recorded;
use crate::domain::evolve::{Corrupt, evolve};
use crate::domain::explain::status_of;
use crate::domain::fleet::{Fleet, Session};
use crate::domain::name::{RegistrationId, SessionId};
use crate::domain::placement::Observed;
use crate::domain::status::AdminState;
use crate::domain::token::{Epoch, Position};
use crate::log::{Connection, LogError, Moment, recorded, sql};
use crate::wire::ownership::{OwnershipAt, SessionAt};

/// What can be known of the past: nothing but the log. How long a pod had been silent was in an orchestrator's head, and only
/// the expiries that it led to were written down.
#[derive(Debug, Clone, Copy)]
pub struct LogAlone;

impl Observed for LogAlone {
    fn silence(&self, _: RegistrationId, _: LeaseTtl) -> Duration {
        Duration::ZERO
    }

    fn since_epoch(&self) -> Duration {
        Duration::ZERO
    }
}

/// A fold under way.
#[derive(Debug)]
pub struct Replay {
    fleet: Fleet,
    memory: Option<Memory>,
    events: u64,
}

impl Default for Replay {
    fn default() -> Self {
        Self { fleet: Fleet::new(Epoch(0)), memory: None, events: 0 }
    }
}

impl Replay {
    /// A replay that can say afterwards what led to the state that it found.
    #[must_use]
    pub fn remembering(memory: Memory) -> Self {
        Self { memory: Some(memory), ..Self::default() }
    }

    /// Folds the next ledger event.
    ///
    /// # Errors
    /// Fails on history that contradicts itself.
    pub fn apply(&mut self, recorded: Recorded) -> Result<(), Corrupt> {
        let foreseen = self.memory.as_ref().map(|memory| memory.foresee(&self.fleet, &recorded));
        self.fleet = evolve(std::mem::replace(&mut self.fleet, Fleet::new(recorded.epoch)), &recorded)?;
        self.events += 1;
        if let (Some(memory), Some(foreseen)) = (&mut self.memory, foreseen) {
            memory.remember(&self.fleet, recorded, foreseen);
        }
        Ok(())
    }

    #[must_use]
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    #[must_use]
    pub fn memory(&self) -> Option<&Memory> {
        self.memory.as_ref()
    }

    /// Ledger events folded so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Folds what is sealed, up to a position, and reads the files to their end, because only there it shows that they are the right
    /// ones. [`Self::run`] goes on with the table.
    ///
    /// # Errors
    /// Fails on files that are not those that were sealed, and on history that contradicts itself.
    pub fn read_archives(&mut self, mut archives: Archives, to: Position) -> Result<(), ArchiveError> {
        while let Some(row) = archives.next_row()? {
            if row.position <= to {
                let recorded = row.recorded().map_err(LogError::from)?;
                self.apply(recorded).map_err(LogError::from)?;
            }
        }
        Ok(())
    }

    /// Folds the log up to a position, that position included.
    ///
    /// # Errors
    /// Fails if the log cannot be read, or contradicts itself. Nothing is skipped.
    pub async fn run(self, connection: &mut Connection, to: Position) -> Result<Self, LogError> {
        let begin = connection.client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
        let snapshot = begin.start().await?;
        pages::read(&snapshot, sql::REPLAY_LEDGER, &[&to], move |pages| self.follow(pages)).await?
    }

    fn follow(mut self, pages: Pages) -> Result<Self, LogError> {
        for page in pages {
            for row in &page {
                self.apply(recorded(row)?)?;
            }
        }
        Ok(self)
    }
}

/// Who owned what, and how it fared, in a fleet of the past.
#[must_use]
pub fn ownership(fleet: &Fleet, moment: &Moment) -> OwnershipAt {
    let sessions = fleet.sessions().filter_map(|(id, session)| session_at(fleet, id, session)).collect();
    OwnershipAt { at_position: moment.position, at_time: moment.time, sessions }
}

fn session_at(fleet: &Fleet, id: &SessionId, session: &Session) -> Option<SessionAt> {
    let adapter = fleet.adapter(&id.adapter)?;
    let (status, reason) = status_of(fleet, id, &LogAlone);
    let lease = session.lease.as_ref();
    Some(SessionAt {
        session: id.clone(),
        adapter: id.adapter.clone(),
        admin_state: AdminState::of(adapter.enabled),
        status,
        reason,
        owner: lease.map(|lease| lease.holder.clone()),
        token: lease.map(|lease| lease.token),
        since: lease.map(|lease| lease.since),
    })
}
