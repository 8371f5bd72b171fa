//! The routes: one verb, one file.

pub(crate) mod artifacts;
pub(crate) mod connectors;
pub(crate) mod health;
pub(crate) mod maintenance;
pub(crate) mod metrics;
pub(crate) mod ownership;
pub(crate) mod plugins;
pub(crate) mod rebalance;
pub(crate) mod status;
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
    pub(crate) mod answer;
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
    pub(crate) mod actions;
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

use std::collections::BTreeSet;

use crate::domain::name::InvalidName;
use crate::http::problem::ApiError;

/// A name in a path or query, with the field named in the refusal.
pub(crate) fn named<T: std::str::FromStr<Err = InvalidName>>(field: &str, text: &str) -> Result<T, ApiError> {
    text.parse().map_err(|invalid: InvalidName| ApiError::invalid(field, invalid.to_string()))
}

/// Names in one parameter at most.
const MAX_NAMES: usize = 1000;

/// Names with commas between them, each once. A text without any is one empty name, which is refused.
pub(crate) fn all_named<T: std::str::FromStr<Err = InvalidName> + Ord>(field: &str, text: &str) -> Result<BTreeSet<T>, ApiError> {
    let names: BTreeSet<T> = text.split(',').map(|name| named(field, name)).collect::<Result<_, _>>()?;
    if names.len() > MAX_NAMES {
        return Err(ApiError::invalid(field, format!("{} names are too many; give up to {MAX_NAMES}", names.len())));
    }
    Ok(names)
}
