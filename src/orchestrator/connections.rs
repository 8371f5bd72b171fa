//! The state of the connections beside the one that appends, for readiness and metrics. Nothing is decided by it.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

/// How the last attempt or use of a kind of connection went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ConnectionState {
    /// Nobody has needed one yet.
    #[default]
    Unused,
    Connected,
    /// Why it is not connected, in plain words.
    Failed(Arc<str>),
}

/// The state of one kind of connection. All clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Gauge(Arc<Mutex<ConnectionState>>);

impl Gauge {
    #[must_use]
    pub fn get(&self) -> ConnectionState {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn connected(&self) {
        self.set(ConnectionState::Connected);
    }

    pub fn failed(&self, error: &impl Display) {
        self.set(ConnectionState::Failed(error.to_string().into()));
    }

    fn set(&self, state: ConnectionState) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// The kinds that it can do without for a while: it polls instead of listening, and answers from its memory instead of reading.
#[derive(Debug, Clone, Default)]
pub struct Connections {
    pub listen: Gauge,
    pub read: Gauge,
}
