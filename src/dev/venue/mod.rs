//! The demo's venue: a TCP server that sessions log in to, in a process of its own, and the witness of the demo.
//!
//! It plays the downstream system that fencing tokens protect: it accepts one client for each session name, refuses a
//! token smaller than one that it has accepted, and writes down every line that it was sent. See `line` for what
//! clients say, `book` for the rules, `journal` for the file. Deliberately absent: any knowledge of Conncentric.

mod book;
mod desk;
mod journal;
mod line;
mod server;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What `conncentric venue` is told.
#[derive(Debug, Clone)]
pub struct Config {
    pub listen: SocketAddr,
    /// JSON Lines; made if it is not there, and continued if it is.
    pub journal: PathBuf,
}

/// Runs the venue until it is told to stop.
pub async fn run(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let mut book = book::Book::default();
    let journal = journal::Journal::open(&config.journal, &mut book)?;
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.with_context(|| format!("the venue cannot listen on {}; give another --listen", config.listen))?;
    tracing::info!("listening on {}", listener.local_addr()?);
    server::serve(listener, desk::Desk::new(book, journal), shutdown).await
}
