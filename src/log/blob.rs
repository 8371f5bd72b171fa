//! Content beside the log: stored chunk by chunk, read chunk by chunk, never whole in memory.

use std::time::Duration;

use uuid::Uuid;

use super::{Connection, LogError, sql};
use crate::domain::content::{Content, ContentHash};

/// Most bytes of one chunk. Every chunk of an upload but the last is as long.
pub const CHUNK: usize = 1 << 20;

/// Stores one chunk of an upload, which is nobody's until [`keep_blob`].
pub async fn stage_chunk(connection: &Connection, upload: Uuid, ordinal: i32, data: &[u8]) -> Result<(), LogError> {
    connection.client.query_one(sql::STAGE_CHUNK, &[&upload, &ordinal, &data]).await?;
    Ok(())
}

/// Removes the chunks of an upload that is not to be completed.
pub async fn discard_upload(connection: &Connection, upload: Uuid) -> Result<(), LogError> {
    connection.client.query_one(sql::DISCARD_UPLOAD, &[&upload]).await?;
    Ok(())
}

/// Keeps a complete upload. Content that is there already is not stored twice.
pub async fn keep_blob(connection: &Connection, upload: Uuid, content: Content) -> Result<(), LogError> {
    let size = i64::try_from(content.size).map_err(LogError::inconsistent)?;
    connection.client.query_one(sql::KEEP_BLOB, &[&upload, &content.sha256.as_bytes().as_slice(), &size]).await?;
    Ok(())
}

/// Removes content that no event names, and what is left of uploads, once it is older than this and than an hour. Gives the
/// number of chunks.
pub async fn sweep_blobs(connection: &Connection, older_than: Duration) -> Result<u64, LogError> {
    let swept: i64 = connection.client.query_one(sql::SWEEP_BLOBS, &[&older_than.as_secs_f64()]).await?.try_get(0)?;
    u64::try_from(swept).map_err(LogError::inconsistent)
}

/// One chunk of some content; nothing after its last.
///
/// # Errors
/// Content that is not there at all is an error: an event names it.
pub async fn read_chunk(connection: &Connection, sha256: ContentHash, ordinal: i32) -> Result<Option<Vec<u8>>, LogError> {
    let row = connection.client.query_opt(sql::READ_CHUNK, &[&sha256.as_bytes().as_slice(), &ordinal]).await?;
    let row = row.ok_or_else(|| {
        LogError::Inconsistent(format!("there is no content with SHA-256 {sha256}; `conncentric verify` says what is missing"))
    })?;
    Ok(row.try_get(0)?)
}
