//! Content as commands send and save it: streamed, hashed, and with a bar to look at.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::io::ReaderStream;

use super::output;
use super::report::WrongUsage;
use crate::domain::content::{ContentHash, MAX_CONTENT};

/// A file to be sent.
#[derive(Debug)]
pub(super) struct Upload {
    path: PathBuf,
    size: u64,
    pub(super) sha256: ContentHash,
    bar: ProgressBar,
}

impl Upload {
    /// Reads the file once for its hash, so that the server can tell what arrives from what was meant.
    pub(super) async fn of(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).await.with_context(|| format!("cannot read {}", path.display()))?;
        let metadata = file.metadata().await?;
        if !metadata.is_file() {
            return Err(WrongUsage(format!("{} is not a file", path.display())).into());
        }
        anyhow::ensure!(metadata.len() <= MAX_CONTENT, "{} has {} bytes; 64 MiB is the most", path.display(), metadata.len());
        let (sha256, size) = hash(file).await.with_context(|| format!("cannot read {}", path.display()))?;
        let bar = ProgressBar::with_draw_target(Some(size), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes}  {bytes_per_sec}  {wide_msg}") {
            bar.set_style(style);
        }
        Ok(Self { path: path.to_owned(), size, sha256, bar })
    }

    /// The header that says which content is meant (RFC 9530).
    pub(super) fn digest(&self) -> (&'static str, String) {
        ("Content-Digest", format!("sha-256=:{}:", data_encoding::BASE64.encode(self.sha256.as_bytes())))
    }

    /// The content from its start, counted on the bar.
    pub(super) fn open(&self) -> io::Result<reqwest::Body> {
        self.bar.reset();
        let bar = self.bar.clone();
        let file = File::from_std(std::fs::File::open(&self.path)?);
        // No more than was hashed, or a file that grows would be sent for ever.
        let chunks = ReaderStream::with_capacity(file.take(self.size), 64 << 10).inspect(move |chunk| {
            if let Ok(chunk) = chunk {
                bar.inc(chunk.len() as u64);
            }
        });
        Ok(reqwest::Body::wrap_stream(chunks))
    }

    pub(super) fn done(&self) {
        self.bar.finish_and_clear();
    }
}

async fn hash(mut file: File) -> io::Result<(ContentHash, u64)> {
    let (mut hasher, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 64 << 10]);
    loop {
        let read = file.read(&mut buffer).await?;
        let Some(data) = buffer.get(..read).filter(|data| !data.is_empty()) else { break };
        hasher.update(data);
        size += read as u64;
    }
    Ok((ContentHash::new(hasher.finalize().into()), size))
}

/// Saves a download: to a file, which appears only once it is complete and has the hash that the server names, or to standard output.
pub(super) async fn save(response: reqwest::Response, file: Option<&Path>) -> anyhow::Result<()> {
    let expected = response.headers().get("etag").and_then(|etag| etag.to_str().ok()?.trim_matches('"').parse::<ContentHash>().ok());
    let (mut hasher, mut chunks) = (Sha256::new(), response.bytes_stream());
    let partial = file.map(|file| {
        let mut name = file.as_os_str().to_owned();
        name.push(".part");
        PathBuf::from(name)
    });
    let mut out = match &partial {
        Some(path) => Some(File::create(path).await.with_context(|| format!("cannot write {}", path.display()))?),
        None => None,
    };
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.context("the download was cut off")?;
        hasher.update(&chunk);
        match &mut out {
            Some(out) => out.write_all(&chunk).await?,
            None => to_standard_output(&chunk)?,
        }
    }
    let found = ContentHash::new(hasher.finalize().into());
    anyhow::ensure!(expected.is_none_or(|expected| expected == found), "what arrived has SHA-256 {found}; try again");
    if let (Some(mut out), Some(partial), Some(file)) = (out, partial, file) {
        out.flush().await?;
        tokio::fs::rename(&partial, file).await.with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn to_standard_output(chunk: &[u8]) -> anyhow::Result<()> {
    io::stdout().lock().write_all(chunk).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => output::ReaderLeft.into(),
        _ => anyhow::Error::new(error).context("cannot write to standard output"),
    })
}
