//! The event table in memory: the conditional append as the database's `append()` does it, and histories that get lost.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::domain::event::{Event, Recorded};
use crate::domain::evolve::evolve;
use crate::domain::fleet::Fleet;
use crate::domain::token::{Epoch, Position};
use crate::log::{Appended, Batch, Condition, Entry, Head, Lineage, Outcome, Pulse};

/// One row, with the state of everything once it was appended.
struct Row {
    entry: Entry,
    fleet: Fleet,
    /// What the epoch began in.
    began_in: Lineage,
}

pub(super) struct Log {
    rows: Vec<Row>,
    carried: HashMap<Uuid, Vec<Position>>,
    first: Lineage,
    /// Where the database is now.
    lineage: Lineage,
    /// Counts the histories. A connection belongs to one of them.
    pub(super) history: u64,
    pub(super) wall_clock: DateTime<Utc>,
}

/// What an orchestrator sees on a new connection.
pub(super) struct Found {
    pub(super) history: u64,
    pub(super) head: Head,
    pub(super) began_in: Lineage,
    pub(super) now_in: Lineage,
    pub(super) now: DateTime<Utc>,
    pub(super) fleet: Fleet,
    pub(super) last: Option<(Position, Uuid)>,
    /// Whether the event that it remembers stands where it stood.
    pub(super) stands: bool,
}

impl Log {
    pub(super) fn new() -> Self {
        let lineage = Lineage { database: Some("1/1".into()), timeline: Some(1) };
        let wall_clock = DateTime::from_timestamp(1_795_000_000, 0).expect("a time");
        Self { rows: Vec::new(), carried: HashMap::new(), first: lineage.clone(), lineage, history: 1, wall_clock }
    }

    pub(super) fn position(&self) -> Position {
        Position::try_from(self.rows.len()).expect("small")
    }

    pub(super) fn fleet(&self) -> Fleet {
        self.rows.last().map_or_else(|| Fleet::new(Epoch(1)), |row| row.fleet.clone())
    }

    pub(super) fn head(&self) -> Head {
        let fleet = self.fleet();
        Head { epoch: fleet.epoch(), position: self.position(), ledger_position: fleet.ledger_position(), recorded_at: self.wall_clock }
    }

    fn began_in(&self) -> Lineage {
        self.rows.last().map_or_else(|| self.first.clone(), |row| row.began_in.clone())
    }

    pub(super) fn find(&self, remembered: Option<(Position, Uuid)>) -> Found {
        let stands = remembered.is_none_or(|(position, id)| self.id_at(position) == Some(id));
        let head = self.head();
        Found {
            history: self.history,
            head,
            began_in: self.began_in(),
            now_in: self.lineage.clone(),
            now: self.wall_clock,
            fleet: self.fleet(),
            last: self.id_at(head.ledger_position).map(|id| (head.ledger_position, id)),
            stands,
        }
    }

    pub(super) fn id_at(&self, position: Position) -> Option<Uuid> {
        let row = self.rows.get(usize::try_from(position - 1).ok()?)?;
        match &row.entry {
            Entry::Ledger(recorded) => Some(recorded.id),
            Entry::Pulse(_) => None,
        }
    }

    /// Whether the database is not what it was, and nobody has begun an epoch yet.
    pub(super) fn is_between_epochs(&self) -> bool {
        self.began_in() != self.lineage
    }

    /// Where a lease timeout was raised last, or a wait for one began, or 0.
    pub(super) fn last_raise(&self) -> Position {
        let raises = self.rows.windows(2).rev().find(|rows| {
            let [before, now] = rows else { return false };
            matches!(&now.entry, Entry::Ledger(recorded) if raises(&before.fleet, &recorded.event))
        });
        raises.map_or(0, |rows| rows.iter().map(|row| row.entry.position()).max().unwrap_or(0))
    }

    pub(super) fn tail(&self, after: Position) -> Vec<Entry> {
        let after = usize::try_from(after).expect("a position").min(self.rows.len());
        self.rows[after..].iter().map(|row| row.entry.clone()).collect()
    }

    pub(super) fn carried(&self, request: Uuid) -> Vec<Recorded> {
        let positions = self.carried.get(&request).into_iter().flatten();
        let rows = positions.map(|position| &self.rows[usize::try_from(*position - 1).expect("a position")].entry);
        rows.filter_map(|entry| match entry {
            Entry::Ledger(recorded) => Some((**recorded).clone()),
            Entry::Pulse(_) => None,
        })
        .collect()
    }

    /// The conditional append. An error is what a constraint of the database would say.
    pub(super) fn append(&mut self, batch: &Batch, condition: &Condition) -> Result<(Outcome, Vec<Recorded>), String> {
        let head = self.head();
        let expected = condition.epoch == head.epoch && condition.ledger_position == head.ledger_position;
        if !expected || condition.position.is_some_and(|position| position != head.position) {
            return Ok((Outcome::Conflict, Vec::new()));
        }
        let known: Vec<Uuid> =
            batch.events.iter().filter_map(|event| event.request_id).filter(|id| self.carried.contains_key(id)).collect();
        if !known.is_empty() {
            return Ok((Outcome::Carried(known), Vec::new()));
        }
        self.write(batch, condition, condition.epoch, &self.began_in()).map(|(appended, recorded)| (Outcome::Appended(appended), recorded))
    }

    /// Begins an epoch, unless somebody was first.
    pub(super) fn begin_epoch(&mut self, batch: &Batch, condition: &Condition, epoch: Epoch) -> Result<Vec<Recorded>, String> {
        let head = self.head();
        if condition.epoch != head.epoch || condition.ledger_position != head.ledger_position {
            return Ok(Vec::new());
        }
        let here = self.lineage.clone();
        self.write(batch, condition, epoch, &here).map(|(_, recorded)| recorded)
    }

    fn write(
        &mut self,
        batch: &Batch,
        condition: &Condition,
        epoch: Epoch,
        began_in: &Lineage,
    ) -> Result<(Appended, Vec<Recorded>), String> {
        let first_position = self.position() + 1;
        let count = Position::try_from(batch.events.len()).expect("small");
        let ledger_position = if count > 0 { first_position + count - 1 } else { condition.ledger_position };
        let position = first_position + count - 1 + Position::from(batch.pulse.is_some());
        let appended = Appended { epoch, first_position, position, ledger_position, recorded_at: self.wall_clock };
        let recorded = batch.recorded(condition, &appended);
        let mut fleet = self.fleet();
        for event in &recorded {
            fleet = evolve(fleet, event).map_err(|corrupt| corrupt.to_string())?;
            if let Some(request) = event.request_id {
                self.carried.entry(request).or_default().push(event.position);
            }
            self.rows.push(Row { entry: Entry::Ledger(Box::new(event.clone())), fleet: fleet.clone(), began_in: began_in.clone() });
        }
        if let Some(pulse) = &batch.pulse {
            let registrations = pulse.beats.iter().map(|(registration, _)| *registration).collect();
            let entry = Entry::Pulse(Pulse { position, recorded_at: self.wall_clock, registrations });
            self.rows.push(Row { entry, fleet, began_in: began_in.clone() });
        }
        Ok((appended, recorded))
    }

    /// The database comes back without its last rows: on another timeline, or as another database. Every connection is broken.
    pub(super) fn lose(&mut self, rows: usize, keep: usize, promoted: bool) -> Vec<Entry> {
        let left = self.rows.len().saturating_sub(rows).max(keep.min(self.rows.len()));
        let lost = self.rows.split_off(left);
        self.carried.retain(|_, positions| {
            positions.retain(|position| usize::try_from(*position).is_ok_and(|position| position <= left));
            !positions.is_empty()
        });
        self.history += 1;
        // Numbers of epochs that nobody remembers differ because bringing a database back takes a while.
        self.wall_clock += TimeDelta::minutes(11);
        let timeline = i64::try_from(self.history).expect("small");
        let database = if promoted { self.lineage.database.clone() } else { Some(format!("{timeline}/1")) };
        self.lineage = Lineage { database, timeline: Some(timeline) };
        lost.into_iter().map(|row| row.entry).collect()
    }
}

fn raises(before: &Fleet, event: &Event) -> bool {
    match event {
        Event::AdapterRevised(revised) => {
            before.adapter(&revised.adapter).is_some_and(|adapter| adapter.spec.lease_ttl_ms < revised.spec.lease_ttl_ms)
        }
        Event::EpochBegan(began) => began.wait_ms > 0,
        _ => false,
    }
}
