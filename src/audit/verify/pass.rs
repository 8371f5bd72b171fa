//! One pass over the log in order: everything that can be said of it without looking at any other table. Pure.

use chrono::{DateTime, Utc};

use super::kept::Kept;
use super::ownership::Ownerships;
use super::positions::{PULSES_DROPPED, Positions};
use super::read::{Head, PulseRow};
use super::report::{Check, Difference};
use crate::audit::chain;
use crate::audit::row::RowRef;
use crate::domain::canonical::numbers_are_exact;
use crate::domain::evolve::evolve;
use crate::domain::fleet::Fleet;
use crate::domain::token::{Epoch, Position};

/// What the rows so far come to.
#[derive(Debug)]
pub(super) struct Pass {
    fleet: Fleet,
    hash: Vec<u8>,
    /// Room for the bytes that are hashed.
    text: String,
    epoch: Option<Epoch>,
    recorded_at: DateTime<Utc>,
    ledger_position: Position,
    positions: Positions,
    ownerships: Ownerships,
    /// No row may stand beyond it.
    head: Position,
    events: u64,
}

/// A sound log, folded.
#[derive(Debug)]
pub(super) struct Folded {
    pub(super) fleet: Fleet,
    pub(super) ownerships: Ownerships,
    /// What the database should keep of sealed events.
    pub(super) kept: Kept,
}

impl Pass {
    pub(super) fn new(head: &Head) -> Self {
        Self {
            fleet: Fleet::new(Epoch(0)),
            hash: chain::genesis(),
            text: String::new(),
            epoch: None,
            recorded_at: DateTime::<Utc>::MIN_UTC,
            ledger_position: 0,
            positions: Positions::default(),
            ownerships: Ownerships::default(),
            head: head.position,
            events: 0,
        }
    }

    /// Rows that were found in order so far, pulses included.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    pub(super) fn ledger(&mut self, row: &RowRef<'_>) -> Result<(), Difference> {
        self.place(row.position)?;
        let hash = self.chain(row)?;
        self.order(row.position, row.epoch, row.recorded_at)?;
        if let Some(cause) = row.cause.filter(|cause| !self.positions.has_ledger(*cause)) {
            return Err(Difference::at(Check::Order, row.position, format!("its cause, {cause}, is no earlier event")));
        }
        self.fold(row)?;
        self.positions.fill_ledger(row.position);
        if row.kind == PULSES_DROPPED {
            self.positions.account(row.position, row.data)?;
        }
        self.ledger_position = row.position;
        self.hash.clear();
        self.hash.extend_from_slice(&hash);
        self.epoch = Some(row.epoch);
        self.events += 1;
        Ok(())
    }

    /// Pulses stand outside the chain; only their place, their time and whom they speak of can be checked.
    pub(super) fn pulse(&mut self, pulse: &PulseRow) -> Result<(), Difference> {
        self.place(pulse.position)?;
        self.order(pulse.position, pulse.epoch, pulse.recorded_at)?;
        let wrong = |problem: String| Err(Difference::at(Check::Order, pulse.position, problem));
        if pulse.kind != "PulseRecorded" || pulse.schema_version != 1 || pulse.stream != "fleet" {
            return wrong(format!("a pulse of type {}, version {}, stream {}", pulse.kind, pulse.schema_version, pulse.stream));
        }
        // An epoch begins with an event of its own.
        if self.epoch.is_some_and(|last| last != pulse.epoch) {
            return wrong(format!("a pulse of epoch {}, which has not begun", pulse.epoch));
        }
        let known = 1..=self.fleet.last_registration().0;
        if let Some(unknown) = pulse.registrations.iter().find(|registration| !known.contains(registration)) {
            return wrong(format!("it records a heartbeat of registration {unknown}, which there was not"));
        }
        self.positions.fill(pulse.position);
        self.events += 1;
        Ok(())
    }

    fn place(&self, position: Position) -> Result<(), Difference> {
        if position > self.head {
            let problem = format!("the head is at {}: the event was inserted, or the head put back", self.head);
            return Err(Difference::at(Check::Positions, position, problem));
        }
        if position <= self.positions.last() {
            return Err(Difference::at(Check::Positions, position, "there are two events here, or it is no position"));
        }
        Ok(())
    }

    fn chain(&mut self, row: &RowRef<'_>) -> Result<[u8; 32], Difference> {
        let hash = chain::link_within(&self.hash, row, &mut self.text);
        if let Some(hash) = hash.ok().filter(|hash| hash == row.hash) {
            let odd = || Difference::at(Check::Chain, row.position, "its data holds digits that it was not written with: it was changed");
            return if numbers_are_exact(row.data) { Ok(hash) } else { Err(odd()) };
        }
        match self.positions.gap_between(self.ledger_position, row.position) {
            Some(missing) => {
                let at = row.position;
                let problem = format!("the hash chain is broken between here and {at}: the event was removed, or that at {at} changed");
                Err(Difference::at(Check::Chain, missing, problem))
            }
            None => Err(Difference::at(Check::Chain, row.position, "its hash does not fit: the event was changed, inserted or moved")),
        }
    }

    fn order(&mut self, position: Position, epoch: Epoch, recorded_at: DateTime<Utc>) -> Result<(), Difference> {
        if recorded_at < self.recorded_at {
            let problem = format!("it was recorded at {recorded_at}, before its predecessor ({})", self.recorded_at);
            return Err(Difference::at(Check::Order, position, problem));
        }
        if let Some(last) = self.epoch.filter(|last| *last > epoch) {
            return Err(Difference::at(Check::Order, position, format!("epoch {epoch} follows epoch {last}")));
        }
        self.recorded_at = recorded_at;
        Ok(())
    }

    fn fold(&mut self, row: &RowRef<'_>) -> Result<(), Difference> {
        let recorded = row.recorded().map_err(|error| Difference::at(Check::Unreadable, row.position, error.to_string()))?;
        if recorded.event.stream() != row.stream {
            let problem = format!("it is filed under {} and is about {}", row.stream, recorded.event.stream());
            return Err(Difference::at(Check::Order, row.position, problem));
        }
        let fleet = std::mem::replace(&mut self.fleet, Fleet::new(row.epoch));
        self.fleet = evolve(fleet, &recorded).map_err(|corrupt| Difference::at(Check::Fold, corrupt.position, corrupt.problem))?;
        self.ownerships.follow(&recorded)
    }

    /// What only shows at the end: gaps, overlaps, and whether the head agrees.
    pub(super) fn finish(mut self, head: &Head) -> Result<Folded, Difference> {
        self.positions.finish(head.position)?;
        self.ownerships.overlap()?;
        let wrong = |what: &str, head: String, log: String| {
            Err(Difference::at(Check::Head, self.positions.last(), format!("event_head says {what} {head}, and the log comes to {log}")))
        };
        if head.ledger_position != self.ledger_position {
            return wrong("ledger position", head.ledger_position.to_string(), self.ledger_position.to_string());
        }
        if head.hash != self.hash {
            let hex = |hash: &[u8]| data_encoding::HEXLOWER.encode(hash);
            return wrong("hash", hex(&head.hash), hex(&self.hash));
        }
        if let Some(epoch) = self.epoch.filter(|epoch| *epoch != head.epoch) {
            return wrong("epoch", head.epoch.to_string(), epoch.to_string());
        }
        if self.events > 0 && head.recorded_at != self.recorded_at {
            return wrong("time", head.recorded_at.to_string(), self.recorded_at.to_string());
        }
        Ok(Folded { fleet: self.fleet, ownerships: self.ownerships, kept: Kept::default() })
    }
}
