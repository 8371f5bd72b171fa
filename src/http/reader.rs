//! Connections for queries of people and for content, apart from the one that appends: no heartbeat waits behind a page of the
//! Portal or an upload.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::ApiError;
use crate::log::{Connection, LogError, Purpose};
use crate::orchestrator::connections::Gauge;

/// Queries that run at the same time.
const CONNECTIONS: usize = 4;

/// Longest wait for one of them.
const PATIENCE: Duration = Duration::from_secs(5);

/// A few connections for one purpose, opened when they are needed.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    database_url: Arc<str>,
    purpose: Purpose,
    room: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
    state: Gauge,
}

impl Reader {
    pub(crate) fn new(database_url: &str, state: Gauge) -> Self {
        Self::with(database_url, Purpose::Read, state)
    }

    /// Connections that store content and read it where it is stored: a standby may not have it yet.
    pub(crate) fn storing(database_url: &str) -> Self {
        Self::with(database_url, Purpose::Store, Gauge::default())
    }

    fn with(database_url: &str, purpose: Purpose, state: Gauge) -> Self {
        Self { database_url: database_url.into(), purpose, room: Arc::new(Semaphore::new(CONNECTIONS)), idle: Arc::default(), state }
    }

    /// A connection for one query. It is kept for the next one only if the query came to an end: dropped half-way, it is closed.
    pub(crate) async fn query<T>(&self, work: impl AsyncFnOnce(&Connection) -> Result<T, LogError>) -> Result<T, ApiError> {
        let _permit = self.permit().await?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().filter(|connection| !connection.is_closed());
        let connection = match idle {
            Some(connection) => connection,
            None => Connection::open(&self.database_url, self.purpose).await.inspect_err(|error| self.state.failed(error))?,
        };
        let answer = work(&connection).await.inspect_err(|error| self.state.failed(error))?;
        self.state.connected();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok(answer)
    }

    /// Connections that work, and open ones that have nothing to do.
    pub(crate) fn load(&self) -> (usize, usize) {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).len();
        (CONNECTIONS.saturating_sub(self.room.available_permits()), idle)
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let waiting = tokio::time::timeout(PATIENCE, self.room.clone().acquire_owned()).await;
        waiting.ok().and_then(Result::ok).ok_or_else(|| ApiError::unavailable("too many queries are waiting; try again in a moment"))
    }
}
