//! Rows of the ledger as the arrays that the functions of the database take.

use chrono::{DateTime, Utc};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::row::LedgerRow;
use crate::domain::canonical::canonical;
use crate::log::LogError;

/// One array for each column, in the order of the table.
#[derive(Debug)]
pub(super) struct Columns<'a> {
    positions: Vec<i64>,
    epochs: Vec<i32>,
    ids: Vec<Uuid>,
    types: Vec<&'a str>,
    schema_versions: Vec<i16>,
    streams: Vec<&'a str>,
    recorded_ats: Vec<DateTime<Utc>>,
    actors: Vec<&'a str>,
    request_ids: Vec<Option<Uuid>>,
    causes: Vec<Option<i64>>,
    /// Canonical, because their bytes are what is hashed.
    datas: Vec<String>,
    hashes: Vec<&'a [u8]>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(rows: &'a [LedgerRow]) -> Result<Self, LogError> {
        let data = |row: &LedgerRow| serde_json::from_str(&row.data).map(|data| canonical(&data)).map_err(LogError::inconsistent);
        Ok(Self {
            positions: rows.iter().map(|row| row.position).collect(),
            epochs: rows.iter().map(|row| row.epoch.0).collect(),
            ids: rows.iter().map(|row| row.id).collect(),
            types: rows.iter().map(|row| row.kind.as_str()).collect(),
            schema_versions: rows.iter().map(|row| row.schema_version).collect(),
            streams: rows.iter().map(|row| row.stream.as_str()).collect(),
            recorded_ats: rows.iter().map(|row| row.recorded_at).collect(),
            actors: rows.iter().map(|row| row.actor.as_str()).collect(),
            request_ids: rows.iter().map(|row| row.request_id).collect(),
            causes: rows.iter().map(|row| row.cause).collect(),
            datas: rows.iter().map(data).collect::<Result<_, _>>()?,
            hashes: rows.iter().map(|row| row.hash.as_slice()).collect(),
        })
    }

    pub(super) fn parameters(&self) -> [&(dyn ToSql + Sync); 12] {
        [
            &self.positions,
            &self.epochs,
            &self.ids,
            &self.types,
            &self.schema_versions,
            &self.streams,
            &self.recorded_ats,
            &self.actors,
            &self.request_ids,
            &self.causes,
            &self.datas,
            &self.hashes,
        ]
    }

    /// The same after the hash of the event before them.
    pub(super) fn after<'b>(&'b self, previous: &'b Vec<u8>) -> Vec<&'b (dyn ToSql + Sync)> {
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![previous];
        parameters.extend(self.parameters());
        parameters
    }
}
