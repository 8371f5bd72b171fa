//! The event table in PostgreSQL: connect, migrate, append, read, load, listen.
//!
//! Every statement is a file in `sql/`, named after the function that uses it; one test prepares them all against the
//! migrated schema. Absent on purpose: decisions. What may be appended is the domain's to say, and the database checks it.

mod actions;
mod adapter_log;
mod append;
mod blob;
mod connect;
mod epoch;
mod error;
mod heartbeats;
mod history;
mod listen;
mod load;
mod migrate;
mod page;
mod past;
mod read;
mod rebuild;
mod retention;
mod revisions;
mod seal;
pub mod sql;
mod survey;
mod target;
mod tls;

pub use actions::{ActionFilter, read_actions};
pub use adapter_log::{EntryFilter, read_adapter_log};
pub use append::{Appended, Batch, Condition, Outcome, PendingEvent, PulseBatch};
pub use blob::{CHUNK, discard_upload, keep_blob, read_chunk, stage_chunk, sweep_blobs};
pub use connect::{Connection, Purpose, session_user};
pub use epoch::{Lineage, Marks, begin_epoch, event_id_at, event_stands, first_of_later_epoch, read_lineage, read_marks};
pub use error::LogError;
pub use heartbeats::read_heartbeats;
pub use history::read_ownerships;
pub use listen::listen;
pub use load::{load_fleet, load_fleet_at, load_fleet_within};
pub use migrate::{
    Migrated, build_projections, check_own_schema, check_schema, make_projections, migrate, open_alone, refuse_newer_schema,
};
pub use page::{PageFilter, read_page};
pub use past::{At, Extent, InvalidAt, Moment, OutOfHistory, locate, read_extent};
pub use read::{Entry, Head, Pulse, find_request, lock_head, read_head, read_tail, recorded, unlock_head};
pub use rebuild::{Progress, rebuild};
pub use retention::{Dropped, drop_pulses, find_old_pulses};
pub use revisions::{Revision, read_revisions};
pub use seal::{Before, SealEnd, find_seal_end, is_sealed_after, ledger_hash_at, read_archives, seal_ledger, unseal_ledger};
pub use survey::{ClockReading, LogFacts, Server, Standby, Survey, read_server, read_standbys, survey};
