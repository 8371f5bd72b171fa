//! Where traces go.

use reqwest::Url;

use super::values;
use crate::trace::Traces;

#[derive(Debug, clap::Args)]
pub(super) struct TraceArgs {
    /// Collector to which traces of claims and takeovers are sent, by OTLP over HTTP. For example http://collector:4318; off without it
    #[arg(long, env = "CONNCENTRIC_OTLP_ENDPOINT", value_name = "URL", value_parser = values::http_url)]
    otlp_endpoint: Option<Url>,
}

impl TraceArgs {
    /// Begins to send them as `service`, if they are wanted. Needs a runtime.
    pub(super) fn open(&self, service: &'static str, instance: &str) -> anyhow::Result<Traces> {
        self.otlp_endpoint.as_ref().map_or_else(|| Ok(Traces::default()), |endpoint| Traces::to(endpoint, service, instance))
    }
}
