//! Log lines for machines: every one is a JSON object with the fields that docs/logs.md names.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use conncentric::log::migrate;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::api::{Api, http_client};
use crate::support::postgres::Database;
use crate::support::process::{Process, command};
use crate::support::system::fixed_address;
use crate::support::wait::{SOON, eventually, holds};

fn lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// The fields beside the message, of every line.
fn fields(lines: &[Value]) -> BTreeSet<String> {
    let of_one = |line: &Value| line["fields"].as_object().expect("fields").keys().cloned().collect::<Vec<_>>();
    lines.iter().flat_map(of_one).filter(|field| field != "message").collect()
}

#[tokio::test]
async fn every_line_is_json_and_lines_about_events_name_position_and_request() {
    let mut api = Api::start("logs", 1).await;
    // The same orchestrator again, for machines this time.
    api.processes[0].kill().await;
    let address = api.urls[0].trim_start_matches("http://").to_owned();
    let arguments =
        ["orchestrator", "--listen", &address, "--migrations", "none", "--log-format", "json", "--database-url", &api.database.app_url];
    let mut orchestrator = Process::start("json", api.folder.path(), &arguments);
    orchestrator.line_with("following the log").await;
    api.ready(0).await;

    let mut arguments = command();
    arguments.args(["adapter", "--orchestrator", &api.urls[0], "--pod", "pod-a", "--log-format", "json", "--token", &api.tokens.pod]);
    arguments.arg("--data-dir").arg(api.folder.path().join("pod-a"));
    let mut pod = Process::spawn("pod-a", api.folder.path(), arguments);
    pod.line_with("registered as").await;
    let document =
        json!({ "name": "venue", "connector": "exec", "mode": "exclusive", "enabled": true, "settings": { "command": ["sleep", "600"] } });
    let request = "0190a0a0-0000-7000-8000-000000000001";
    api.put("/v1/adapters/venue", &document).header("Idempotency-Key", request).send().await.expect(201);
    pod.line_with("ACTIVE").await;
    for process in [&mut pod, &mut orchestrator] {
        process.signal(Signal::TERM);
        assert!(process.exit().await.success());
    }

    let told = lines(&orchestrator.log());
    for line in told.iter().chain(&lines(&pod.log())) {
        for field in ["timestamp", "level", "target"] {
            assert!(line[field].is_string(), "{field}: {line}");
        }
        assert!(line["fields"]["message"].is_string(), "{line}");
    }
    let events: Vec<&Value> = told.iter().filter(|line| line["target"] == "conncentric::event").map(|line| &line["fields"]).collect();
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["message"].as_str()).collect();
    for kind in ["PodRegistered", "AdapterDeclared", "SessionClaimed", "SessionStatusChanged", "SessionReleased", "PodLeft"] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    for event in &events {
        assert!(event["position"].is_i64() && event["epoch"] == 1 && event["request_id"].is_string(), "{event}");
        assert!(event["stream"].is_string() && event["actor"].is_string(), "{event}");
    }
    let declared = events.iter().find(|event| event["message"] == "AdapterDeclared").expect("told");
    assert_eq!(declared["request_id"], request);
    let claimed = events.iter().find(|event| event["message"] == "SessionClaimed").expect("told");

    // The pod names the same claim by its position.
    let starting = lines(&pod.log())
        .into_iter()
        .find(|line| line["fields"]["message"] == "starting" && line["fields"]["session"].is_string())
        .expect("told");
    assert_eq!(starting["fields"]["position"], claimed["position"]);
    assert_eq!((&starting["fields"]["session"], &claimed["stream"]), (&json!("venue/0"), &json!("session:venue/0")));

    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/logs.md")).expect("the page");
    let undocumented: Vec<String> =
        fields(&[told, lines(&pod.log())].concat()).into_iter().filter(|field| !page.contains(&format!("`{field}`"))).collect();
    assert_eq!(undocumented, Vec::<String>::new());
    eventually(SOON, async || holds(!pod.is_running(), "the pod runs")).await;
}

/// Whoever collects logs may stand still, and then a pipe is full after 64 KiB.
#[tokio::test]
async fn a_log_that_nobody_reads_holds_nobody_up() {
    let database = Database::create("unread").await;
    migrate(&database.url).await.expect("migrates");
    let address = fixed_address();
    let mut arguments = command();
    arguments.args(["orchestrator", "--listen", &address.to_string(), "--migrations", "none", "--database-url", &database.app_url]);
    arguments.env("RUST_LOG", "trace").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut orchestrator = arguments.spawn().expect("starts");
    let http = http_client();
    let ready = async || http.get(format!("http://{address}/readyz")).send().await.is_ok_and(|answer| answer.status().is_success());
    eventually(SOON, async || holds(ready().await, "not ready")).await;
    for _ in 0..500 {
        assert!(tokio::time::timeout(SOON, ready()).await.expect("it stands still"), "not ready any more");
    }
    let mut unread = vec![0; 65_536];
    orchestrator.stderr.take().expect("a pipe").read_exact(&mut unread).expect("the pipe was full");
    orchestrator.kill().expect("ours");
    orchestrator.wait().expect("ended");
}
