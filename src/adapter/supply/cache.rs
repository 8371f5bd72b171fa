//! Content on the pod's disk, each piece in a file that is called by its hash.
//!
//! A file appears complete and checked or not at all, so pods may share a folder. It is read-only, and hashed again whenever it is
//! used: what somebody changed is fetched anew.

use std::collections::HashMap;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::Response;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use uuid::Uuid;

use crate::client;
use crate::domain::content::{Content, ContentHash};

/// Most bytes that are kept. What was used longest ago goes first; sessions that run have their own links to what they use.
const MOST: u64 = 2 << 30;

/// Longest silence in the middle of a download.
const SILENCE: Duration = Duration::from_secs(15);

/// Why content could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error(transparent)]
    Refused(#[from] client::Error),
    #[error("the download was cut off: {0}")]
    CutOff(String),
    #[error("what arrived has SHA-256 {found} instead of {expected}")]
    Different { found: ContentHash, expected: ContentHash },
    #[error("the cache {} cannot be used: {error}", .folder.display())]
    Disk { folder: PathBuf, error: io::Error },
}

#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    most: u64,
    /// Many sessions start at the same time with the same artifact, and it is fetched once.
    under_way: Mutex<HashMap<ContentHash, Weak<tokio::sync::Mutex<()>>>>,
}

impl Cache {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, most: MOST, under_way: Mutex::default() }
    }

    /// A file with this content: the one that is there, or what `fetch` brings.
    pub(super) async fn provide(
        &self,
        content: Content,
        fetch: impl Future<Output = Result<Response, client::Error>>,
    ) -> Result<PathBuf, FetchError> {
        let alone = self.alone(content.sha256);
        let _alone = alone.lock().await;
        let path = self.folder.join(content.sha256.to_string());
        if hash_of(&path).await.ok() == Some(content.sha256) {
            touch(&path);
            return Ok(path);
        }
        let response = fetch.await?;
        tokio::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).await.map_err(|error| self.disk(error))?;
        let partial = self.folder.join(format!(".{}", Uuid::new_v4()));
        let stored = self.store(content, response, &partial, &path).await;
        if stored.is_err() {
            let _ = tokio::fs::remove_file(&partial).await;
        }
        stored?;
        self.make_room(&path).await.map_err(|error| self.disk(error))?;
        Ok(path)
    }

    /// Lets one at a time fetch the same content.
    fn alone(&self, sha256: ContentHash) -> Arc<tokio::sync::Mutex<()>> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|_, alone| alone.strong_count() > 0);
        if let Some(alone) = under_way.get(&sha256).and_then(Weak::upgrade) {
            return alone;
        }
        let alone = Arc::default();
        under_way.insert(sha256, Arc::downgrade(&alone));
        alone
    }

    async fn store(&self, content: Content, response: Response, partial: &Path, path: &Path) -> Result<(), FetchError> {
        let disk = |error| self.disk(error);
        let mut file = tokio::fs::OpenOptions::new().write(true).create_new(true).mode(0o400).open(partial).await.map_err(disk)?;
        let (mut hasher, mut size, mut chunks) = (Sha256::new(), 0, response.bytes_stream());
        loop {
            let silent = |_| FetchError::CutOff("nothing came for 15 s".into());
            let Some(chunk) = timeout(SILENCE, chunks.next()).await.map_err(silent)? else { break };
            let chunk = chunk.map_err(|error| FetchError::CutOff(error.to_string()))?;
            size += chunk.len() as u64;
            if size > content.size {
                break;
            }
            hasher.update(&chunk);
            file.write_all(&chunk).await.map_err(disk)?;
        }
        let found = ContentHash::new(hasher.finalize().into());
        if found != content.sha256 {
            return Err(FetchError::Different { found, expected: content.sha256 });
        }
        file.sync_all().await.map_err(disk)?;
        tokio::fs::set_permissions(partial, Permissions::from_mode(0o444)).await.map_err(disk)?;
        tokio::fs::rename(partial, path).await.map_err(disk)
    }

    /// Removes what was used longest ago, until the rest is small enough. Never what was fetched just now.
    async fn make_room(&self, newest: &Path) -> io::Result<()> {
        let mut kept = Vec::new();
        let mut entries = tokio::fs::read_dir(&self.folder).await?;
        while let Some(entry) = entries.next_entry().await? {
            // Another pod may have removed it since.
            if let Ok(metadata) = entry.metadata().await
                && metadata.is_file()
            {
                kept.push((metadata.modified()?, metadata.len(), entry.path()));
            }
        }
        kept.sort();
        let mut total: u64 = kept.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in kept {
            if total <= self.most {
                break;
            }
            if path != newest && tokio::fs::remove_file(&path).await.is_ok() {
                tracing::info!("{} made room in the cache", path.display());
                total -= size;
            }
        }
        Ok(())
    }

    fn disk(&self, error: io::Error) -> FetchError {
        FetchError::Disk { folder: self.folder.clone(), error }
    }
}

async fn hash_of(path: &Path) -> io::Result<ContentHash> {
    let mut file = File::open(path).await?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 256 << 10]);
    loop {
        let read = file.read(&mut buffer).await?;
        let Some(data) = buffer.get(..read).filter(|data| !data.is_empty()) else { break };
        hasher.update(data);
    }
    Ok(ContentHash::new(hasher.finalize().into()))
}

/// Notes that a file was used just now. Where that is not allowed, it may go earlier than others, and nothing else.
pub(super) fn touch(path: &Path) {
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let _ = utimensat(CWD, path, &Timestamps { last_access: now, last_modification: now }, AtFlags::empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(data: &[u8]) -> Content {
        Content { sha256: ContentHash::new(Sha256::digest(data).into()), size: data.len() as u64 }
    }

    fn answer(data: &'static [u8]) -> Response {
        axum::http::Response::new(data).into()
    }

    async fn fetched(cache: &Cache, wanted: Content, data: &'static [u8]) -> Result<PathBuf, FetchError> {
        cache.provide(wanted, async { Ok(answer(data)) }).await
    }

    async fn cached(cache: &Cache, wanted: Content) -> Result<PathBuf, FetchError> {
        let gone = || client::Error::Unreachable { urls: "http://x".into(), reason: "gone".into() };
        cache.provide(wanted, async { Err(gone()) }).await
    }

    #[tokio::test]
    async fn content_is_fetched_once_and_is_read_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::new(folder.path().join("cache"));
        let path = fetched(&cache, content(b"one"), b"one").await.expect("fetched");
        assert_eq!(std::fs::read(&path).expect("a file"), b"one");
        assert!(std::fs::metadata(&path).expect("a file").permissions().readonly());
        assert_eq!(cached(&cache, content(b"one")).await.expect("no need to fetch"), path);
    }

    #[tokio::test]
    async fn what_is_not_what_was_asked_for_is_not_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::new(folder.path().to_owned());
        for wrong in [b"two".as_slice(), b"on", b"one and more", b""] {
            let wrong = fetched(&cache, content(b"one"), wrong).await.expect_err("another content");
            assert!(matches!(wrong, FetchError::Different { .. }), "{wrong}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0, "nothing is left");
    }

    #[tokio::test]
    async fn what_somebody_changed_is_fetched_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::new(folder.path().to_owned());
        let path = fetched(&cache, content(b"one"), b"one").await.expect("fetched");
        std::fs::remove_file(&path).expect("removed");
        std::fs::write(&path, b"0ne").expect("written");
        assert!(cached(&cache, content(b"one")).await.is_err());
        let path = fetched(&cache, content(b"one"), b"one").await.expect("fetched again");
        assert_eq!(std::fs::read(path).expect("a file"), b"one");
    }

    #[tokio::test]
    async fn the_cache_is_bounded() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache { most: 8, ..Cache::new(folder.path().to_owned()) };
        fetched(&cache, content(b"first"), b"first").await.expect("fetched");
        fetched(&cache, content(b"second"), b"second").await.expect("fetched");
        assert!(cached(&cache, content(b"first")).await.is_err(), "it made room");
        cached(&cache, content(b"second")).await.expect("it is there");
    }
}
