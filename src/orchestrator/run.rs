//! One orchestrator process: migrate if asked to, start the core, serve HTTP until shutdown.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Orchestrator, retention, tokens};
use crate::http;
use crate::log::migrate;
use crate::plugin::sign::TrustedKeys;
use crate::trace::Traces;

/// Who brings the schema up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migrations {
    /// This orchestrator, before it serves. Safe for many at once.
    Boot,
    /// Somebody else, before.
    None,
}

#[derive(Debug, Clone)]
pub struct Config {
    pub listen: SocketAddr,
    /// Health and metrics on an address of their own, away from where people and pods come.
    pub management_listen: Option<SocketAddr>,
    pub database_url: String,
    pub migrations: Migrations,
    /// How long pulses are kept, at least.
    pub pulse_retention: Duration,
    /// Access tokens to record, one a file.
    pub tokens_dir: Option<PathBuf>,
    /// Public keys by one of which every plugin must be signed. With none, none need be.
    pub plugin_keys: Vec<PathBuf>,
    /// Who is told how sessions come to their owners.
    pub traces: Traces,
    /// Names this instance in the events that it writes by itself.
    pub name: String,
}

/// Serves until `shutdown`. Ends with an error only before it serves: later troubles are waited out.
pub async fn run(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let plugin_keys = TrustedKeys::read(&config.plugin_keys)?;
    let given = config.tokens_dir.as_deref().map(tokens::read).transpose()?.unwrap_or_default();
    if config.migrations == Migrations::Boot {
        let migrated = migrate(&config.database_url).await?;
        tracing::info!(applied = ?migrated.applied, rebuilt = migrated.rebuilt, "the schema is up to date");
    }
    let mut tasks = JoinSet::new();
    let listener = http::bind(config.listen).await.with_context(|| format!("cannot listen on {}", config.listen))?;
    let management = match config.management_listen {
        Some(address) => Some(http::bind(address).await.with_context(|| format!("cannot listen on {address}"))?),
        None => None,
    };
    let orchestrator = Orchestrator::start(config.name.clone(), config.database_url.clone(), config.traces.clone(), &mut tasks, &shutdown);
    let chore = retention::Retention {
        orchestrator: orchestrator.clone(),
        database_url: config.database_url.clone(),
        actor: format!("orchestrator:{}", config.name),
        keep: config.pulse_retention,
    };
    tasks.spawn(chore.run(shutdown.clone()));
    tasks.spawn(tokens::record(orchestrator.clone(), given, shutdown.clone()));
    let app = http::App::new(orchestrator, &config.name, &config.database_url, plugin_keys, shutdown.clone());
    let on_main = management.is_none();
    tracing::info!("listening on {}", listener.local_addr()?);
    tasks.spawn(http::serve(listener, http::router(app.clone(), on_main), shutdown.clone()));
    if let Some(management) = management {
        tracing::info!("management on {}", management.local_addr()?);
        tasks.spawn(http::serve(management, http::management(app), shutdown.clone()));
    }
    while tasks.join_next().await.is_some() {}
    config.traces.finish().await;
    Ok(())
}
