//! What alerts and dashboards may ask for: the names that the program really exports are those in `tests/chart/metrics.txt`, by which
//! the chart's test judges every expression.

use std::collections::BTreeSet;
use std::path::Path;

use reqwest::Method;

use crate::support::process::{Process, command};
use crate::support::system::System;
use crate::support::wait::{SOON, eventually};

/// `PART NAME KIND` of each metric in a page of OpenMetrics, which declares also those that have no value yet.
fn declared(part: &str, page: &str) -> BTreeSet<String> {
    page.lines().filter_map(|line| line.strip_prefix("# TYPE ")).map(|declaration| format!("{part} {declaration}")).collect()
}

async fn get(url: &str) -> (u16, String) {
    let answer = reqwest::get(url).await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

#[tokio::test]
async fn the_list_of_metrics_is_what_the_program_exports() {
    let mut system = System::start("metrics", 1, 1).await;
    let orchestrator = format!("http://{}", system.addresses()[0]);
    let (folder, token) = (system.folder().to_owned(), system.folder().join("pod-1.token"));
    system.pod("pod-1").kill().await;
    let mut watched = command();
    watched.args(["adapter", "--orchestrator", &orchestrator, "--pod", "pod-1", "--management-listen", "127.0.0.1:0", "--token-file"]);
    watched.arg(token).arg("--data-dir").arg(folder.join("data"));
    let mut pod = Process::spawn("watched", &folder, watched);
    let pod_url = format!("http://{}", pod.listening().await);

    eventually(SOON, async || match get(&format!("{pod_url}/readyz")).await {
        (200, _) => Ok(()),
        (_, why) => Err(why),
    })
    .await;
    // Refusals are declared once there is one.
    let nobody = serde_json::json!({ "names": ["nobody"] });
    let refused: Result<serde_json::Value, _> = system.call(Method::POST, "/v1/adapters/enable", Some(&nobody)).await;
    refused.expect_err("there is no such adapter");
    let (_, of_orchestrator) = get(&format!("{orchestrator}/metrics")).await;
    let (_, of_pod) = get(&format!("{pod_url}/metrics")).await;
    assert!(of_orchestrator.contains("conncentric_pods{state=\"ready\"} 1"), "{of_orchestrator}");
    assert!(of_orchestrator.contains("conncentric_enabled_sessions 0"), "{of_orchestrator}");
    assert!(of_orchestrator.contains("conncentric_claims_total{kind=\"takeover\"} 0"), "{of_orchestrator}");

    let mut found = declared("orchestrator", &of_orchestrator);
    found.extend(declared("pod", &of_pod));
    let found = found.into_iter().collect::<Vec<_>>().join("\n") + "\n";
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/chart/metrics.txt");
    let listed = std::fs::read_to_string(&list).unwrap_or_default();
    assert!(listed == found, "{} has to be:\n{found}", list.display());
}
