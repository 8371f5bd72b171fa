//! A ledger event as it stands in the table, with everything that its hash covers.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::event::{Event, Recorded, UnreadableEvent};
use crate::domain::token::{Epoch, Position};

/// One row of the ledger. `data` is JSON text in whatever form the source keeps it; [`super::chain`] makes it canonical.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    pub position: Position,
    pub epoch: Epoch,
    pub id: Uuid,
    pub kind: String,
    pub schema_version: i16,
    pub stream: String,
    pub recorded_at: DateTime<Utc>,
    pub actor: String,
    pub request_id: Option<Uuid>,
    pub cause: Option<Position>,
    pub data: String,
    pub hash: Vec<u8>,
}

/// The same, borrowed from wherever it was read: a long history is not copied to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowRef<'a> {
    pub position: Position,
    pub epoch: Epoch,
    pub id: Uuid,
    pub kind: &'a str,
    pub schema_version: i16,
    pub stream: &'a str,
    pub recorded_at: DateTime<Utc>,
    pub actor: &'a str,
    pub request_id: Option<Uuid>,
    pub cause: Option<Position>,
    pub data: &'a str,
    pub hash: &'a [u8],
}

impl LedgerRow {
    #[must_use]
    pub fn borrowed(&self) -> RowRef<'_> {
        RowRef {
            position: self.position,
            epoch: self.epoch,
            id: self.id,
            kind: &self.kind,
            schema_version: self.schema_version,
            stream: &self.stream,
            recorded_at: self.recorded_at,
            actor: &self.actor,
            request_id: self.request_id,
            cause: self.cause,
            data: &self.data,
            hash: &self.hash,
        }
    }

    /// The event that the row holds.
    ///
    /// # Errors
    /// Refuses unknown types, versions newer than this program, and data that does not parse.
    pub fn recorded(&self) -> Result<Recorded, UnreadableEvent> {
        self.borrowed().recorded()
    }
}

impl RowRef<'_> {
    /// The event that the row holds.
    ///
    /// # Errors
    /// Refuses unknown types, versions newer than this program, and data that does not parse.
    pub fn recorded(&self) -> Result<Recorded, UnreadableEvent> {
        Ok(Recorded {
            position: self.position,
            epoch: self.epoch,
            id: self.id,
            recorded_at: self.recorded_at,
            actor: self.actor.to_owned(),
            request_id: self.request_id,
            cause: self.cause,
            event: Event::read(self.kind, self.schema_version, self.data.as_bytes())?,
        })
    }
}
