//! The routes: one verb, one file.

pub(crate) mod artifacts;
pub(crate) mod connectors;
pub(crate) mod health;
pub(crate) mod maintenance;
pub(crate) mod metrics;
pub(crate) mod ownership;
pub(crate) mod plugins;
pub(crate) mod whoami;

pub(crate) mod adapters {
    //! Adapters: declared, listed, enabled, disabled, deleted.
    pub(crate) mod delete;
    pub(crate) mod list;
    pub(crate) mod log;
    pub(crate) mod put;
    pub(crate) mod revisions;
    pub(crate) mod set_enabled;
}

pub(crate) mod events {
    //! The event table, paged and live.
    mod event_id;
    pub(crate) mod page;
    pub(crate) mod stream;
}

pub(crate) mod pods {
    //! What pods ask for, and what is asked of pods.
    pub(crate) mod claim;
    pub(crate) mod drain;
    pub(crate) mod heartbeat;
    pub(crate) mod heartbeats;
    pub(crate) mod leave;
    pub(crate) mod list;
    pub(crate) mod log;
    pub(crate) mod register;
    pub(crate) mod release;
    pub(crate) mod stream;
    pub(crate) mod undrain;
}

pub(crate) mod sessions {
    //! Sessions, their owners, and planned moves.
    pub(crate) mod history;
    pub(crate) mod list;
    pub(crate) mod move_session;
}

pub(crate) mod tokens {
    //! Access tokens.
    pub(crate) mod create;
    pub(crate) mod list;
    pub(crate) mod revoke;
}

use crate::domain::name::InvalidName;
use crate::http::problem::ApiError;

/// A name in a path or query, with the field named in the refusal.
pub(crate) fn named<T: std::str::FromStr<Err = InvalidName>>(field: &str, text: &str) -> Result<T, ApiError> {
    text.parse().map_err(|invalid: InvalidName| ApiError::invalid(field, invalid.to_string()))
}
