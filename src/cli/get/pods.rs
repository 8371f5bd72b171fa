//! `get pods`.

use std::time::Duration;

use super::at::AtArgs;
use super::show;
use crate::cli::lists::PodList;
use crate::cli::output::Format;
use crate::cli::server::Api;
use crate::cli::table::{self, Table, Times, list, optional, text};
use crate::domain::name::PodName;
use crate::wire::pod::PodView;

/// Lists pods: their sessions, their room, and when they were last heard of.
///
/// Example: conncentric get pods
#[derive(Debug, clap::Args)]
pub(super) struct PodsArgs {
    /// Only this pod
    name: Option<PodName>,

    #[command(flatten)]
    at: AtArgs,
}

impl PodsArgs {
    pub(super) async fn run(self, api: &Api, format: Format) -> anyhow::Result<()> {
        let answer = api.get_verbatim(&self.at.path("/v1/pods")?).await?;
        let all = serde_json::from_str::<PodList>(&answer.body)?.pods;
        let times = self.at.times(answer.answered_at);
        let Some(name) = self.name else {
            return show(format, &answer.body, || Ok(table(times, &all)));
        };
        let pod = all.into_iter().find(|pod| pod.pod == name);
        let pod = pod.ok_or_else(|| anyhow::anyhow!("there is no pod {name}; `conncentric get pods` lists those that there are"))?;
        show(format, &serde_json::to_string(&pod)?, || Ok(table(times, std::slice::from_ref(&pod))))
    }
}

fn table(times: Times, pods: &[PodView]) -> Option<Table> {
    let mut table = Table::new(&["POD", "STATUS", "SESSIONS", "ROOM", "HEARTBEAT", "AGE", "CONNECTORS", "LABELS"]);
    for pod in pods {
        let labels: Vec<_> = pod.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        table.row([
            text(&pod.pod),
            text(&pod.status),
            text(pod.sessions.len()),
            text(format!("{}/{}", pod.used, pod.capacity)),
            optional(pod.last_heartbeat_ms_ago.map(|ms| table::short(Duration::from_millis(ms)))),
            times.cell(Some(pod.registered_at)),
            list(&pod.connectors),
            list(&labels),
        ]);
    }
    (!pods.is_empty()).then_some(table)
}
