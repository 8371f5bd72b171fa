//! `orchestrator`: one of any number of equal instances.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use uuid::Uuid;

use super::signals::{Second, run_until_signalled};
use super::traces::TraceArgs;
use super::values;
use crate::orchestrator;

/// Runs one orchestrator, the service that pods and people talk to. Run as many as you like on one database.
///
/// Example: conncentric orchestrator --listen 0.0.0.0:8080 --database-url postgresql://conncentric_app@db/conncentric
#[derive(Debug, clap::Args)]
pub(super) struct OrchestratorArgs {
    /// Address of the API and the Portal. Port 0 takes a free one and names it in the log
    #[arg(long, env = "CONNCENTRIC_LISTEN", value_name = "ADDRESS", default_value = "0.0.0.0:8080")]
    listen: SocketAddr,

    /// Address of its own for /healthz, /readyz and /metrics, which are on --listen otherwise. Without a value 0.0.0.0:8081
    #[arg(long, env = "CONNCENTRIC_MANAGEMENT_LISTEN", value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "0.0.0.0:8081")]
    management_listen: Option<SocketAddr>,

    /// The database, as libpq writes it, several hosts too: postgresql://app@db1,db2/conncentric?target_session_attrs=read-write.
    ///
    /// Prefer the variable: other users of the machine can read command lines
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: String,

    /// Whether to bring the schema up to date first. That needs the database's owner; `none` leaves it to `conncentric migrate`
    #[arg(long, env = "CONNCENTRIC_MIGRATIONS", value_enum, default_value_t)]
    migrations: Migrations,

    /// How long the pulses, which record heartbeats, are kept at least, for example 12h or 30d. They go by the million positions
    #[arg(long, env = "CONNCENTRIC_PULSE_RETENTION", value_name = "DURATION", value_parser = values::duration, default_value = "7d")]
    pulse_retention: Duration,

    /// Folder with access tokens that are to be valid: files ROLE or ROLE.NAME with one token each, for example admin.installation
    #[arg(long, env = "CONNCENTRIC_TOKENS_DIR", value_name = "DIR")]
    tokens_dir: Option<PathBuf>,

    /// Public key, in PEM, by which plugins must be signed. May be given several times; one of them is enough for a plugin
    #[arg(long = "plugin-key", env = "CONNCENTRIC_PLUGIN_KEY", value_name = "FILE", value_delimiter = ',')]
    plugin_keys: Vec<PathBuf>,

    #[command(flatten)]
    traces: TraceArgs,

    /// Name of this instance in logs and metrics. Without it, the host's name and a random end
    #[arg(long, env = "CONNCENTRIC_NAME", value_name = "NAME")]
    name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Migrations {
    /// Bring the schema up to date at start
    #[default]
    Boot,
    /// Expect a schema that is up to date
    None,
}

impl OrchestratorArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        crate::limits::raise();
        let config = self.config()?;
        run_until_signalled(Second::EndsAtOnce, |shutdown| orchestrator::run(config, shutdown)).await
    }

    fn config(self) -> anyhow::Result<orchestrator::Config> {
        let name = self.name.unwrap_or_else(instance_name);
        Ok(orchestrator::Config {
            listen: self.listen,
            management_listen: self.management_listen,
            database_url: self.database_url,
            migrations: match self.migrations {
                Migrations::Boot => orchestrator::Migrations::Boot,
                Migrations::None => orchestrator::Migrations::None,
            },
            pulse_retention: self.pulse_retention,
            plugin_keys: self.plugin_keys,
            tokens_dir: self.tokens_dir,
            traces: self.traces.open("conncentric-orchestrator", &name)?,
            name,
        })
    }
}

/// The random end tells apart two instances on one host, and two starts of one instance.
fn instance_name() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let random = Uuid::new_v4().simple().to_string();
    format!("{host}-{}", random.get(..8).unwrap_or(&random))
}
