//! Content on its way in and out: chunk by chunk, hashed on the way, never whole in memory.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::problem::ApiError;
use super::reader::Reader;
use crate::domain::content::{Content, ContentHash, MAX_CONTENT};
use crate::log::{CHUNK, Connection, LogError, discard_upload, keep_blob, read_chunk, stage_chunk};

/// Uploads that are taken in at the same time. Each holds a chunk or two in memory.
const UPLOADS: usize = 8;

/// Longest wait for a place among them.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest silence in the middle of an upload.
const SILENCE: Duration = Duration::from_secs(10);

/// Longest that a whole upload may take. What is left of one is not swept before an hour.
const WHOLE_UPLOAD: Duration = Duration::from_mins(15);

/// Where content is stored. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    database: Reader,
    room: Arc<Semaphore>,
    /// Uploads belong to these and not to their requests, so that one whose sender has gone still cleans up after itself.
    uploads: TaskTracker,
}

impl Store {
    pub(crate) fn new(database_url: &str) -> Self {
        Self { database: Reader::storing(database_url), room: Arc::new(Semaphore::new(UPLOADS)), uploads: TaskTracker::new() }
    }

    /// A question to the server that content is stored at, which is the one that is appended to.
    pub(crate) async fn ask<T>(&self, work: impl AsyncFnOnce(&Connection) -> Result<T, LogError>) -> Result<T, ApiError> {
        self.database.query(work).await
    }

    /// Takes in the body of a request. All of it is stored then, or nothing.
    ///
    /// # Errors
    /// Refuses what is too large, what was cut off, and what has not the hash that the header `Content-Digest` names.
    pub(crate) async fn receive(&self, headers: &HeaderMap, body: Body) -> Result<Content, ApiError> {
        self.receive_and(headers, body, |_| Ok(|_| Ok(()))).await.map(|(content, ())| content)
    }

    /// The same, with somebody who looks at what arrives and may refuse it. `inspect` blocks, and may stop reading when it likes. What
    /// it gives back judges once more, when the hash of all of it is known, and nothing is kept before that.
    ///
    /// # Errors
    /// As `receive`, and whatever `inspect` and its judge say.
    pub(crate) async fn receive_and<T, J>(
        &self,
        headers: &HeaderMap,
        body: Body,
        inspect: impl FnOnce(Arriving) -> Result<J, ApiError> + Send + 'static,
    ) -> Result<(Content, T), ApiError>
    where
        T: Send + 'static,
        J: FnOnce(Content) -> Result<T, ApiError> + Send + 'static,
    {
        let expected = digest(headers)?;
        if body.size_hint().lower() > MAX_CONTENT {
            return Err(too_large());
        }
        let place = timeout(PATIENCE, Arc::clone(&self.room).acquire_owned()).await;
        let place =
            place.ok().and_then(Result::ok).ok_or_else(|| ApiError::unavailable("too many uploads at once; try again in a moment"))?;
        let database = self.database.clone();
        let upload = self.uploads.spawn(async move {
            let _place = place;
            let (tap, arriving) = mpsc::channel(4);
            let inspection = tokio::task::spawn_blocking(move || inspect(Arriving { data: arriving, rest: Bytes::new() }));
            take_in(&database, Inspected { body, tap: Some(tap), inspection }, expected).await
        });
        upload.await.unwrap_or_else(|_| Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", "the upload crashed")))
    }

    /// Some content as a body that is read from the database while it is sent. What cannot be read from the start is an error here.
    pub(crate) async fn send(&self, content: Content) -> Result<Body, ApiError> {
        let first = self.chunk(content.sha256, 0).await?;
        let (store, sha256) = (self.clone(), content.sha256);
        let chunks = futures_util::stream::try_unfold((0, Some(first)), move |(ordinal, ready)| {
            let store = store.clone();
            async move {
                let chunk = match ready {
                    Some(first) => first,
                    None => store.chunk(sha256, ordinal).await.map_err(|error| io::Error::other(error.detail().to_owned()))?,
                };
                Ok::<_, io::Error>(chunk.map(|data| (Bytes::from(data), (ordinal + 1, None))))
            }
        });
        Ok(Body::from_stream(chunks))
    }

    async fn chunk(&self, sha256: ContentHash, ordinal: i32) -> Result<Option<Vec<u8>>, ApiError> {
        self.database.query(async |connection| read_chunk(connection, sha256, ordinal).await).await
    }
}

/// What has arrived so far, for whoever reads it on a thread where it may block. An upload that breaks off looks like one that ends.
#[derive(Debug)]
pub(crate) struct Arriving {
    data: mpsc::Receiver<Bytes>,
    rest: Bytes,
}

impl io::Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            let Some(data) = self.data.blocking_recv() else { return Ok(0) };
            self.rest = data;
        }
        let given = self.rest.split_to(self.rest.len().min(buffer.len()));
        let Some(room) = buffer.get_mut(..given.len()) else { return Ok(0) };
        room.copy_from_slice(&given);
        Ok(given.len())
    }
}

/// A body, and who looks at it while it arrives.
struct Inspected<J> {
    body: Body,
    /// Nothing once the inspection has seen enough.
    tap: Option<mpsc::Sender<Bytes>>,
    inspection: JoinHandle<Result<J, ApiError>>,
}

impl<J> Inspected<J> {
    /// The next data of the body; nothing at its end.
    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        let data = next(&mut self.body).await?;
        if let (Some(data), Some(tap)) = (&data, &self.tap)
            && tap.send(data.clone()).await.is_err()
        {
            self.tap = None;
        }
        Ok(data)
    }

    /// What the inspection comes to, once it has seen everything.
    async fn verdict(&mut self) -> Result<J, ApiError> {
        self.tap = None;
        let crashed = |_| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", "the inspection of the upload crashed");
        (&mut self.inspection).await.map_err(crashed)?
    }
}

async fn take_in<T, J: FnOnce(Content) -> Result<T, ApiError>>(
    database: &Reader,
    body: Inspected<J>,
    expected: Option<ContentHash>,
) -> Result<(Content, T), ApiError> {
    let upload = Uuid::now_v7();
    let late = |_| ApiError::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", "the upload took longer than 15 minutes");
    let kept = timeout(WHOLE_UPLOAD, stage(database, upload, body, expected)).await.map_err(late).flatten();
    if kept.is_err()
        && let Err(error) = database.query(async |connection| discard_upload(connection, upload).await).await
    {
        tracing::warn!(error = error.detail(), "what came of an upload stays until it is swept");
    }
    kept
}

async fn stage<T, J: FnOnce(Content) -> Result<T, ApiError>>(
    database: &Reader,
    upload: Uuid,
    mut body: Inspected<J>,
    expected: Option<ContentHash>,
) -> Result<(Content, T), ApiError> {
    let (mut hasher, mut size, mut ordinal) = (Sha256::new(), 0_u64, 0_i32);
    let mut chunk = Vec::new();
    while let Some(mut data) = body.next().await? {
        size = size.saturating_add(data.len() as u64);
        if size > MAX_CONTENT {
            return Err(too_large());
        }
        hasher.update(&data);
        while chunk.len() + data.len() >= CHUNK {
            chunk.extend_from_slice(&data.split_to(CHUNK - chunk.len()));
            write(database, upload, ordinal, &chunk).await?;
            ordinal += 1;
            chunk.clear();
        }
        chunk.extend_from_slice(&data);
    }
    if !chunk.is_empty() {
        write(database, upload, ordinal, &chunk).await?;
    }
    let content = Content { sha256: ContentHash::new(hasher.finalize().into()), size };
    if let Some(expected) = expected.filter(|expected| *expected != content.sha256) {
        let detail = format!("Content-Digest says SHA-256 {expected}, and what arrived has {}: send it again", content.sha256);
        return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "digest-mismatch", detail));
    }
    let judge = body.verdict().await?;
    let found = judge(content)?;
    database.query(async |connection| keep_blob(connection, upload, content).await).await?;
    Ok((content, found))
}

async fn write(database: &Reader, upload: Uuid, ordinal: i32, chunk: &[u8]) -> Result<(), ApiError> {
    database.query(async |connection| stage_chunk(connection, upload, ordinal, chunk).await).await
}

/// The next data of a body; nothing at its end.
async fn next(body: &mut Body) -> Result<Option<Bytes>, ApiError> {
    let late = |_| ApiError::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", "nothing of the body arrived for 10 s");
    loop {
        let Some(frame) = timeout(SILENCE, body.frame()).await.map_err(late)? else { return Ok(None) };
        let frame = frame.map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, "body-unreadable", error.to_string()))?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
}

fn too_large() -> ApiError {
    let detail = "the content is too large: 64 MiB is the most that one artifact or plugin may have";
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", detail)
}

/// The hash that the sender says the body has (RFC 9530), if it says so.
fn digest(headers: &HeaderMap) -> Result<Option<ContentHash>, ApiError> {
    let Some(header) = headers.get("content-digest") else { return Ok(None) };
    let given = header.to_str().unwrap_or_default().split(',').find_map(|entry| entry.trim().strip_prefix("sha-256=:")?.strip_suffix(':'));
    let bytes = given.and_then(|text| data_encoding::BASE64.decode(text.as_bytes()).ok());
    let hash = bytes.and_then(|bytes| ContentHash::try_from(bytes.as_slice()).ok());
    hash.map(Some).ok_or_else(|| ApiError::invalid("Content-Digest", "write sha-256=:…: with the hash in Base64 between the colons"))
}

/// The value of the header `Content-Digest` for some content.
pub(crate) fn content_digest(sha256: ContentHash) -> String {
    format!("sha-256=:{}:", data_encoding::BASE64.encode(sha256.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let hash = ContentHash::new([7; 32]);
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("content-digest", text.parse().expect("a header"));
            digest(&headers)
        };
        assert_eq!(read(&content_digest(hash)).expect("a digest"), Some(hash));
        assert_eq!(read(&format!("md5=:AAAA:, {}", content_digest(hash))).expect("a digest"), Some(hash));
        for bad in ["", "sha-256=7777", "md5=:AAAA:", "sha-256=:AAAA:", "sha-256=:*:"] {
            assert_eq!(read(bad).expect_err(bad).field(), Some("Content-Digest"));
        }
        assert_eq!(digest(&HeaderMap::new()).expect("nothing"), None);
    }
}
