//! `adapter`: one pod.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use reqwest::Url;

use super::report::WrongUsage;
use super::server::ServerArgs;
use super::signals::{Second, run_until_signalled};
use super::traces::TraceArgs;
use super::values;
use crate::adapter;
use crate::domain::adapter::{Labels, check_labels};
use crate::domain::name::PodName;

/// Runs one adapter pod: it claims sessions, holds their connections, and hands them over when it is asked to end.
///
/// Example: conncentric adapter --orchestrator http://10.0.0.1:8080,http://10.0.0.2:8080 --pod pod-1 --token-file pod-1.token
#[derive(Debug, clap::Args)]
pub(super) struct AdapterArgs {
    /// Orchestrators; any will do, and the next is tried when one does not answer. For example http://10.0.0.1:8080
    #[arg(long, env = "CONNCENTRIC_ORCHESTRATOR", value_name = "URL", value_delimiter = ',', value_parser = values::http_url, required = true)]
    orchestrator: Vec<Url>,

    /// Name of this pod, which no other may have at the same time. For example pod-1
    #[arg(long, env = "CONNCENTRIC_POD", value_name = "NAME")]
    pod: PodName,

    /// How many units of session it has room for
    #[arg(long, env = "CONNCENTRIC_CAPACITY", value_name = "N", default_value_t = 1000)]
    capacity: u32,

    /// Label that adapters may ask for in their placement, for example zone=a. May be given several times
    #[arg(long = "label", env = "CONNCENTRIC_LABELS", value_name = "KEY=VALUE", value_delimiter = ',', value_parser = values::label)]
    labels: Vec<(String, String)>,

    /// Address for its /healthz, /readyz and /metrics. Without a value 0.0.0.0:8081
    #[arg(long, env = "CONNCENTRIC_MANAGEMENT_LISTEN", value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "0.0.0.0:8081")]
    management_listen: Option<SocketAddr>,

    /// Folder for what connectors are given as files. Without it, .conncentric/POD
    #[arg(long, env = "CONNCENTRIC_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// Folder for artifacts and plugins that were fetched, which pods of one machine may share. Without it, `cache` in the data directory
    #[arg(long, env = "CONNCENTRIC_CACHE", value_name = "DIR")]
    cache: Option<PathBuf>,

    /// Public key, in PEM, by which plugins must be signed to be run here. May be given several times
    #[arg(long = "plugin-key", env = "CONNCENTRIC_PLUGIN_KEY", value_name = "FILE", value_delimiter = ',')]
    plugin_keys: Vec<PathBuf>,

    #[command(flatten)]
    traces: TraceArgs,

    /// How long handing over may take when the pod is asked to end; after that its sessions are stopped by force
    #[arg(long, env = "CONNCENTRIC_DRAIN_TIMEOUT", value_name = "DURATION", value_parser = values::duration, default_value = "25s")]
    drain_timeout: Duration,
}

impl AdapterArgs {
    pub(super) async fn run(self, server: &ServerArgs) -> anyhow::Result<()> {
        let token = server.token()?.context("a pod needs an access token of role pod; give --token-file FILE")?;
        let config = self.config(token)?;
        run_until_signalled(Second::EndsAtOnce, |shutdown| adapter::run(config, shutdown)).await
    }

    fn config(self, access_token: String) -> anyhow::Result<adapter::Config> {
        let labels: Labels = self.labels.into_iter().collect();
        check_labels("--label", &labels).map_err(|invalid| WrongUsage(invalid.to_string()))?;
        let data_dir = self.data_dir.unwrap_or_else(|| PathBuf::from(".conncentric").join(self.pod.as_str()));
        Ok(adapter::Config {
            orchestrators: self.orchestrator,
            traces: self.traces.open("conncentric-adapter", self.pod.as_str())?,
            pod: self.pod,
            capacity: self.capacity,
            labels,
            access_token,
            management_listen: self.management_listen,
            plugin_keys: self.plugin_keys,
            cache: self.cache.unwrap_or_else(|| data_dir.join("cache")),
            data_dir,
            drain_timeout: self.drain_timeout,
        })
    }
}
