//! The content of artifacts and plugins, read chunk by chunk and held against the hashes that events name.
//!
//! Which ones they name is asked of a projection, and that is held against the log like all the others.

use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Transaction};
use uuid::Uuid;

use super::report::{Check, Difference, Step, StepName, Timer};
use crate::domain::content::ContentHash;
use crate::domain::token::Position;
use crate::log::{LogError, sql};

/// One blob that an event names.
struct Named {
    sha256: ContentHash,
    size: i64,
    position: Position,
    stored: Option<(i64, Uuid)>,
}

/// Counts bytes. Names every blob that is not as it was: they have nothing to do with each other.
pub(super) async fn check(snapshot: &Transaction<'_>) -> Result<Step, LogError> {
    let timer = Timer::start();
    let (mut read, mut differences) = (0, Vec::new());
    for row in snapshot.query(sql::VERIFY_BLOBS, &[]).await? {
        let named = named(&row)?;
        let problem = match named.stored {
            None => Some("it is not there".to_owned()),
            Some((size, _)) if size != named.size => Some(format!("it is said to have {size} bytes instead of {}", named.size)),
            Some((_, upload)) => {
                let (size, sha256) = hash(snapshot, upload).await?;
                read += size;
                (sha256 != named.sha256).then(|| format!("its {size} bytes have the SHA-256 {sha256}"))
            }
        };
        differences.extend(problem.map(|problem| Difference {
            check: Check::Blob,
            position: Some(named.position),
            table: None,
            key: None,
            problem: format!("the content with SHA-256 {} is not as it was stored: {problem}", named.sha256),
        }));
    }
    Ok(Step::done(StepName::Blobs, read, &timer, differences))
}

fn named(row: &Row) -> Result<Named, LogError> {
    let stored = row.try_get::<_, Option<i64>>("stored_size")?.zip(row.try_get("upload")?);
    let sha256 = ContentHash::try_from(row.try_get::<_, &[u8]>("sha256")?).map_err(LogError::inconsistent)?;
    Ok(Named { sha256, size: row.try_get("size")?, position: row.try_get("position")?, stored })
}

async fn hash(snapshot: &Transaction<'_>, upload: Uuid) -> Result<(u64, ContentHash), LogError> {
    let parameters: [&(dyn ToSql + Sync); 1] = [&upload];
    let mut chunks = std::pin::pin!(snapshot.query_raw(sql::VERIFY_CHUNKS, parameters).await?);
    let (mut hasher, mut size) = (Sha256::new(), 0);
    while let Some(row) = chunks.try_next().await? {
        let data: &[u8] = row.try_get("data")?;
        hasher.update(data);
        size += data.len() as u64;
    }
    Ok((size, ContentHash::new(hasher.finalize().into())))
}
