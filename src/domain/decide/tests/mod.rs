//! Given these events, when this command, then these events: one file a verb.
//!
//! The words are explained in `domain/tests`. Given events stand at positions 1, 2, 3 and so on.

mod access_token;
mod action;
mod artifact;
mod assign;
mod claim;
mod delete_adapter;
mod drain;
mod drop_pulses;
mod epoch;
mod expire;
mod heartbeat;
mod leave;
mod log;
mod maintenance;
mod move_session;
mod plugin;
mod put_adapter;
mod rebalance;
mod register;
mod release;
mod set_enabled;

/// Everything that the tests are written with.
mod words {
    pub(super) use crate::domain::adapter::{AdapterSpec, Mode, OnLeaseLoss};
    pub(super) use crate::domain::command::{ArtifactSource, Precondition};
    pub(super) use crate::domain::identity::Role;
    pub(super) use crate::domain::status::OperationalStatus::{Active, Claiming, Error, Inactive};
    pub(super) use crate::domain::tests::facts::Cause::{New, Nothing, Past};
    pub(super) use crate::domain::tests::facts::*;
    pub(super) use crate::domain::tests::given::*;
    pub(super) use crate::domain::tests::orders::*;
    pub(super) use crate::domain::tests::shapes::*;
}
