//! A kept connection to an orchestrator, as lean as a client can be: what the load generator burns, the system cannot have.

use std::fmt::Display;
use std::io::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use conncentric::domain::name::Holder;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Orchestrators close connections that are idle for 30 s.
const IDLE: Duration = Duration::from_secs(15);

/// HTTP/1.1, one request in flight.
#[derive(Debug)]
pub(crate) struct Wire {
    address: SocketAddr,
    stream: TcpStream,
    used: Instant,
    token: String,
    body: Vec<u8>,
    out: Vec<u8>,
    read: Vec<u8>,
}

impl Wire {
    pub(crate) async fn open(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let stream = connect(address).await?;
        Ok(Self { address, stream, used: Instant::now(), token: token.to_owned(), body: Vec::new(), out: Vec::new(), read: Vec::new() })
    }

    /// Posts a document and gives the body of the answer, which must be a good one.
    pub(crate) async fn post(&mut self, path: &str, document: &impl Serialize) -> anyhow::Result<&[u8]> {
        if self.used.elapsed() > IDLE {
            self.stream = connect(self.address).await?;
        }
        self.body.clear();
        serde_json::to_writer(&mut self.body, document)?;
        self.out.clear();
        write!(
            self.out,
            "POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.token,
            self.body.len()
        )?;
        self.out.extend_from_slice(&self.body);
        self.stream.write_all(&self.out).await?;
        self.used = Instant::now();
        self.answer(path).await
    }

    async fn answer(&mut self, path: &str) -> anyhow::Result<&[u8]> {
        self.read.clear();
        loop {
            if self.stream.read_buf(&mut self.read).await? == 0 {
                bail!("{path}: the orchestrator hung up");
            }
            let Some((status, body, length)) = head_of(&self.read)? else { continue };
            while self.read.len() < body + length {
                if self.stream.read_buf(&mut self.read).await? == 0 {
                    bail!("{path}: the orchestrator hung up in the middle of an answer");
                }
            }
            let answer = self.read.get(body..body + length).unwrap_or_default();
            return good(status, path, answer);
        }
    }
}

/// Opens the stream of a pod and reads it until it ends, at the least cost: nobody looks at what it says.
pub(crate) async fn overhear(address: SocketAddr, token: &str, holder: &Holder) -> anyhow::Result<impl Future<Output = ()> + use<>> {
    let mut stream = connect(address).await?;
    let Holder { pod, incarnation } = holder;
    let request = format!(
        "GET /v1/pods/{pod}/stream?incarnation={incarnation} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\naccept: text/event-stream\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    // One for each stream, so no larger than what comes at once.
    let mut read = vec![0; 512];
    let length = stream.read(&mut read).await?;
    let status = read.get(..length).unwrap_or_default();
    anyhow::ensure!(status.starts_with(b"HTTP/1.1 200"), "the stream is refused: {}", String::from_utf8_lossy(status));
    Ok(async move { while stream.read(&mut read).await.is_ok_and(|length| length > 0) {} })
}

async fn connect(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("{address} cannot be reached"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn good(status: u16, what: impl Display, answer: &[u8]) -> anyhow::Result<&[u8]> {
    if status != 200 {
        bail!("{what}: {status} {}", String::from_utf8_lossy(answer));
    }
    Ok(answer)
}

/// Status, where the body begins, and how long it is; nothing while the head is not all there.
fn head_of(read: &[u8]) -> anyhow::Result<Option<(u16, usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(body) = response.parse(read)? else { return Ok(None) };
    let status = response.code.context("a status")?;
    let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = std::str::from_utf8(length.context("the answer has no length")?.value)?.parse()?;
    Ok(Some((status, body, length)))
}
