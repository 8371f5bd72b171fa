//! Connections to the database, one kind for each purpose, each with its own limits.

use tokio::task::JoinSet;
use tokio_postgres::{AsyncMessage, Client, Statement};
use tokio_stream::StreamExt;

use super::target::{Target, reach};
use super::{LogError, sql};

/// The oldest PostgreSQL that has what the schema needs (`nulls not distinct`).
const OLDEST_SERVER: i32 = 150_000;

/// What a connection is for: separate ones keep heartbeats from waiting behind anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Appends, and reads what was appended by others.
    Append,
    /// Waits for notifications, and sends them.
    Listen,
    /// Answers queries of people.
    Read,
    /// Stores content, and reads it.
    Store,
    /// Drops old pulses.
    Retain,
    /// Migrates. Nothing else may take longer than a few seconds.
    Migrate,
}

impl Purpose {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Listen => "listen",
            Self::Read => "read",
            Self::Store => "store",
            Self::Retain => "retain",
            Self::Migrate => "migrate",
        }
    }

    fn statement_timeout(self) -> &'static str {
        match self {
            Self::Append | Self::Listen => "5s",
            Self::Read | Self::Store | Self::Retain => "30s",
            Self::Migrate => "0",
        }
    }
}

/// A connection with the task that drives it. Dropping it closes it, whatever it was doing.
#[derive(Debug)]
pub struct Connection {
    pub client: Client,
    driver: JoinSet<()>,
}

impl Connection {
    /// Connects, checks that the server can serve, and sets the limits of this purpose.
    pub async fn open(database_url: &str, purpose: Purpose) -> Result<Self, LogError> {
        Self::open_listening(database_url, purpose, |_| {}).await
    }

    /// The same, with somebody who hears the notifications.
    pub(super) async fn open_listening(
        database_url: &str,
        purpose: Purpose,
        heard: impl Fn(String) + Send + 'static,
    ) -> Result<Self, LogError> {
        let target = Target::read(database_url, purpose)?;
        // What a handshake needs is large, and would be carried along by whoever opens connections.
        let (client, mut connection) = Box::pin(reach(&target)).await?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            let mut messages = futures_util::stream::poll_fn(move |context| connection.poll_message(context));
            while let Some(Ok(message)) = messages.next().await {
                if let AsyncMessage::Notification(notification) = message {
                    heard(notification.payload().to_owned());
                }
            }
        });
        let connection = Self { client, driver };
        connection.prepare(purpose).await?;
        Ok(connection)
    }

    async fn prepare(&self, purpose: Purpose) -> Result<(), LogError> {
        let row = self.client.query_one(sql::SERVER, &[]).await?;
        let (version, in_recovery, read_only): (i32, bool, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if version < OLDEST_SERVER {
            let major = version / 10_000;
            return Err(LogError::Unsuitable(format!("the database is PostgreSQL {major}; conncentric needs 15 or newer")));
        }
        if in_recovery && purpose != Purpose::Read {
            return Err(LogError::Unsuitable("the database is a read-only standby; name the primary in --database-url".into()));
        }
        if read_only && purpose != Purpose::Read {
            let detail = "the database is read-only (default_transaction_read_only is on); name the primary in --database-url";
            return Err(LogError::Unsuitable(detail.into()));
        }
        self.client.query_one(sql::PREPARE_SESSION, &[&purpose.statement_timeout()]).await?;
        Ok(())
    }

    /// Whether the server has closed it.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.client.is_closed() || self.driver.is_empty()
    }

    pub async fn statement(&self, text: &str) -> Result<Statement, LogError> {
        Ok(self.client.prepare(text).await?)
    }
}

/// Who the database takes us for.
pub async fn session_user(connection: &Connection) -> Result<String, LogError> {
    Ok(connection.client.query_one(sql::SESSION_USER, &[]).await?.try_get(0)?)
}
