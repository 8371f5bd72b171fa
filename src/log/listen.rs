//! LISTEN and NOTIFY: a hint that the log has grown, never more. The table is the truth (design 11).

use std::sync::Arc;

use tokio::sync::Notify;

use super::{Connection, LogError, Purpose};

/// The channel; its payload is `epoch:position` of the head.
pub const CHANNEL: &str = "conncentric";

/// Opens a connection that wakes `wake` at every notification, until it breaks or is dropped.
pub async fn listen(database_url: &str, wake: Arc<Notify>) -> Result<Connection, LogError> {
    let connection = Connection::open_listening(database_url, Purpose::Listen, move |_| wake.notify_one()).await?;
    connection.client.batch_execute("listen conncentric").await?;
    Ok(connection)
}
