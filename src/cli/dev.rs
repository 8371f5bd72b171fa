//! `dev`: the whole system on one machine.

use std::path::PathBuf;

use super::signals::{Second, run_until_signalled};
use crate::dev;
use crate::domain::adapter::LeaseTtl;

/// Starts the whole system on this machine, with nothing set up before: PostgreSQL, orchestrators, pods and a demo venue.
///
/// Prints what to try. Ctrl-C stops everything, and the next start finds its data again.
///
/// Example: conncentric dev --pods 5 --lease-ttl 2s
#[derive(Debug, clap::Args)]
pub(super) struct DevArgs {
    /// Folder for everything that it keeps
    #[arg(long, env = "CONNCENTRIC_DEV_DATA", value_name = "DIR", default_value = ".conncentric")]
    data: PathBuf,

    /// Port of the first orchestrator; the others have the ports after it
    #[arg(long, env = "CONNCENTRIC_DEV_PORT", value_name = "PORT", default_value_t = 8080)]
    port: u16,

    /// How many orchestrators
    #[arg(long, env = "CONNCENTRIC_DEV_ORCHESTRATORS", value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=16))]
    orchestrators: u16,

    /// How many pods
    #[arg(long, env = "CONNCENTRIC_DEV_PODS", value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=64))]
    pods: u16,

    /// Lease timeout of the demo adapters: how long a pod may be silent before others take over. 500ms to 1h
    #[arg(long, env = "CONNCENTRIC_DEV_LEASE_TTL", value_name = "DURATION", default_value = "5s")]
    lease_ttl: LeaseTtl,

    /// Delete what is in the folder and begin anew
    #[arg(long)]
    reset: bool,

    /// Use the PostgreSQL server that is there already, as the owner of this database: postgresql://owner@127.0.0.1/conncentric
    // Not DATABASE_URL: a shell that is set up for a real system must not have a demo put into it.
    #[arg(long, env = "CONNCENTRIC_DEV_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,
}

impl DevArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let Self { data, port, orchestrators, pods, lease_ttl, reset, database_url } = self;
        let config = dev::Config { data, port, orchestrators, pods, lease_ttl, reset, database_url };
        run_until_signalled(Second::IsTheServices, |shutdown| dev::run(config, shutdown)).await
    }
}
