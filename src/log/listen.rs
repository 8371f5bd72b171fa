//! LISTEN: a hint that the log has grown, never more. The table is the truth (design 11).

use super::{Connection, LogError, Purpose};

/// Opens a connection that passes on the payload of every notification, until it breaks or is dropped. NOTIFY can be sent on it.
pub async fn listen(database_url: &str, heard: impl Fn(String) + Send + 'static) -> Result<Connection, LogError> {
    let connection = Connection::open_listening(database_url, Purpose::Listen, heard).await?;
    connection.client.batch_execute("listen conncentric").await?;
    Ok(connection)
}
