//! The conditional append: the only way into the log, one round trip (design 2).

use chrono::{DateTime, Utc};
use tokio_postgres::types::ToSql;
use tokio_postgres::{GenericClient, Statement};
use uuid::Uuid;

use super::{Connection, LogError};
use crate::domain::canonical::canonical;
use crate::domain::decide::Proposal;
use crate::domain::event::Recorded;
use crate::domain::name::RegistrationId;
use crate::domain::token::{Epoch, Position};

/// What the log must look like for an append to go ahead: what it was decided on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    pub epoch: Epoch,
    pub ledger_position: Position,
    /// Also the last position of all, pulses included: for expiries.
    pub position: Option<Position>,
}

/// A ledger event with everything but what the log itself assigns.
#[derive(Debug, Clone)]
pub struct PendingEvent {
    pub id: Uuid,
    pub proposal: Proposal,
    pub actor: String,
    pub request_id: Option<Uuid>,
}

/// The heartbeats of one flush.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulseBatch {
    pub id: Uuid,
    pub actor: String,
    pub beats: Vec<(RegistrationId, i32)>,
}

/// What one flush appends.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    pub events: Vec<PendingEvent>,
    pub pulse: Option<PulseBatch>,
}

/// Where the batch came to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    pub epoch: Epoch,
    pub first_position: Position,
    pub position: Position,
    pub ledger_position: Position,
    pub recorded_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Appended(Appended),
    /// These requests are in the log already, so nothing was written.
    Carried(Vec<Uuid>),
    /// Somebody else was first. Nothing was written; catch up, decide again, retry.
    Conflict,
}

impl Batch {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.pulse.is_none()
    }

    /// Appends everything or nothing, with a statement prepared from [`super::sql::APPEND`] on the same connection.
    pub async fn append(&self, connection: &Connection, statement: &Statement, condition: &Condition) -> Result<Outcome, LogError> {
        self.append_within(&connection.client, statement, condition).await
    }

    /// The same inside a transaction, with whatever else must happen or not happen together with it.
    pub(crate) async fn append_within(
        &self,
        client: &impl GenericClient,
        statement: &Statement,
        condition: &Condition,
    ) -> Result<Outcome, LogError> {
        let columns = Columns::of(&self.events, condition.ledger_position)?;
        let no_beats = (Vec::new(), Vec::new());
        let pulse = self.pulse.as_ref();
        let (registrations, sequences): (Vec<i32>, Vec<i32>) =
            pulse.map_or(no_beats, |pulse| pulse.beats.iter().map(|(registration, sequence)| (registration.0, *sequence)).unzip());
        let row = client
            .query_one(
                statement,
                &[
                    &condition.epoch.0,
                    &condition.ledger_position,
                    &condition.position,
                    &columns.ids,
                    &columns.types,
                    &columns.schema_versions,
                    &columns.streams,
                    &columns.actors,
                    &columns.request_ids,
                    &columns.causes,
                    &columns.cause_indexes,
                    &columns.datas,
                    &pulse.map(|pulse| pulse.id),
                    &pulse.map(|pulse| &pulse.actor),
                    &registrations,
                    &sequences,
                ],
            )
            .await?;
        if !row.try_get::<_, bool>("appended")? {
            let carried: Option<Vec<Uuid>> = row.try_get("carried")?;
            return Ok(carried.filter(|ids| !ids.is_empty()).map_or(Outcome::Conflict, Outcome::Carried));
        }
        Ok(Outcome::Appended(Appended {
            epoch: Epoch(row.try_get("epoch")?),
            first_position: row.try_get("first_position")?,
            position: row.try_get("position")?,
            ledger_position: row.try_get("ledger_position")?,
            recorded_at: row.try_get("recorded_at")?,
        }))
    }

    /// The heartbeats, if there is nothing else and they may follow whatever pulses others have appended.
    #[must_use]
    pub fn only_pulse(&self, condition: &Condition) -> Option<&PulseBatch> {
        self.pulse.as_ref().filter(|_| self.events.is_empty() && condition.position.is_none())
    }

    /// The ledger events as they now stand in the log.
    #[must_use]
    pub fn recorded(&self, condition: &Condition, appended: &Appended) -> Vec<Recorded> {
        let positions = appended.first_position..;
        let resolve = |cause: Position| match cause.checked_sub(condition.ledger_position + 1) {
            Some(index) if index >= 0 => appended.first_position + index,
            _ => cause,
        };
        let events = self.events.iter().zip(positions);
        events
            .map(|(pending, position)| Recorded {
                position,
                epoch: appended.epoch,
                id: pending.id,
                recorded_at: appended.recorded_at,
                actor: pending.actor.clone(),
                request_id: pending.request_id,
                cause: pending.proposal.cause.map(resolve),
                event: pending.proposal.event.clone(),
            })
            .collect()
    }
}

impl PulseBatch {
    /// Appends the heartbeats alone, which is what nearly every flush does, with a statement prepared from
    /// [`super::sql::APPEND_PULSE`]. The condition on the ledger is that of every append.
    pub async fn append(&self, connection: &Connection, statement: &Statement, condition: &Condition) -> Result<Outcome, LogError> {
        let (registrations, sequences): (Vec<i32>, Vec<i32>) =
            self.beats.iter().map(|(registration, sequence)| (registration.0, *sequence)).unzip();
        let parameters: [&(dyn ToSql + Sync); 6] =
            [&condition.epoch.0, &condition.ledger_position, &self.id, &self.actor, &registrations, &sequences];
        let row = connection.client.query_one(statement, &parameters).await?;
        if !row.try_get::<_, bool>("appended")? {
            return Ok(Outcome::Conflict);
        }
        let position = row.try_get("position")?;
        Ok(Outcome::Appended(Appended {
            epoch: Epoch(row.try_get("epoch")?),
            first_position: position,
            position,
            ledger_position: row.try_get("ledger_position")?,
            recorded_at: row.try_get("recorded_at")?,
        }))
    }
}

/// The events as the arrays that the database function takes.
#[derive(Default)]
struct Columns {
    ids: Vec<Uuid>,
    types: Vec<&'static str>,
    schema_versions: Vec<i16>,
    streams: Vec<String>,
    actors: Vec<String>,
    request_ids: Vec<Option<Uuid>>,
    causes: Vec<Option<i64>>,
    cause_indexes: Vec<Option<i32>>,
    datas: Vec<String>,
}

impl Columns {
    /// A cause beyond `decided_on` is a proposal of this very batch: the database turns its index into a position.
    fn of(events: &[PendingEvent], decided_on: Position) -> Result<Self, LogError> {
        let mut columns = Self::default();
        for pending in events {
            let event = &pending.proposal.event;
            let index = pending.proposal.cause.map(|cause| cause - decided_on).filter(|index| *index > 0);
            columns.ids.push(pending.id);
            columns.types.push(event.type_name());
            columns.schema_versions.push(event.schema_version());
            columns.streams.push(event.stream());
            columns.actors.push(pending.actor.clone());
            columns.request_ids.push(pending.request_id);
            columns.causes.push(pending.proposal.cause.filter(|_| index.is_none()));
            columns.cause_indexes.push(index.and_then(|index| i32::try_from(index).ok()));
            columns.datas.push(canonical(&event.data().map_err(LogError::inconsistent)?));
        }
        Ok(columns)
    }
}
