//! `conncentric dev`: the whole system on one machine, with nothing set up.
//!
//! A private PostgreSQL ([`postgres`]), a venue to connect to ([`venue`]), orchestrators and pods, each a process of its
//! own that people can kill, pause and start again. Deliberately absent: any way into the other parts of the program but
//! the commands and routes that everybody has, so that the demo shows the real thing.

mod adapters;
mod console;
mod database;
mod folder;
mod part;
mod plan;
pub mod postgres;
pub mod process;
mod report;
pub mod secret;
mod start;
mod system;
pub mod venue;

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use crate::domain::adapter::LeaseTtl;
use console::Console;
use folder::Folder;
use system::System;

/// What `conncentric dev` is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Everything that the demo keeps, made if it is not there.
    pub data: PathBuf,
    /// Port of the first orchestrator; the others have the next ones.
    pub port: u16,
    pub orchestrators: u16,
    pub pods: u16,
    pub lease_ttl: LeaseTtl,
    /// Forget everything first.
    pub reset: bool,
    /// Use this database instead of a private PostgreSQL.
    pub database_url: Option<String>,
}

/// Starts everything, says `ready`, stays until it is told to stop, and stops everything in order.
///
/// Listens for signals itself from the first order to stop on: a further one stops everything at once.
pub async fn run(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let folder = Folder::open(&config.data)?;
    let mut system = System::new(config, folder, Console::new(), shutdown)?;
    let outcome = match system.start().await {
        Ok(()) => system.watch().await,
        Err(error) => Err(error),
    };
    let stopped = system.stop().await;
    match outcome {
        // Told to stop while it was starting: that is what people do who forgot a flag.
        Err(error) if error.is::<system::Interrupted>() => stopped,
        outcome => outcome.and(stopped),
    }
}
