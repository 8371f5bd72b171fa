//! The description of the API is kept to: Schemathesis makes requests from it, right ones and wrong ones, as each role, and judges
//! every answer. No 5xx, and no status, media type, header or body that is not described.
//!
//! Some hundreds of requests in every run; `make api-test` makes thousands. `make setup` installs Schemathesis.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use conncentric::domain::identity::Role;
use conncentric::wire::access_token::{CreateAccessToken, CreatedAccessToken, WhoAmI};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::plugins::feed;
use crate::support::api::http_client;
use crate::support::sound::assert_sound;
use crate::support::system::{System, document};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api");
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/api/bin/schemathesis");

/// How much is asked.
#[derive(Debug, Clone, Copy)]
struct Size {
    /// `coverage` tries the edges of everything that the description says, `fuzzing` something of all the rest.
    phases: &'static str,
    /// Random requests of each operation, at most.
    examples: u32,
    /// Requests of each role, at least.
    least: u64,
}

const SMALL: Size = Size { phases: "fuzzing", examples: 1, least: 50 };

const FULL: Size = Size { phases: "examples,coverage,fuzzing", examples: 10, least: 1_250 };

/// What Schemathesis says in the end.
struct Report {
    asked: u64,
    /// Those that were carried out, as far as Schemathesis meant them to be.
    accepted: u64,
}

/// Adapters, an artifact, a plugin and two pods: something of everything that can be asked for.
async fn furnished() -> System {
    let mut system = System::start("promises", 1, 0).await;
    let urls = system.urls();
    for pod in ["worker-1", "worker-2"] {
        system.add_pod(pod, &urls).await;
    }
    for (path, content) in [("/v1/artifacts/dictionary", b"8 BeginString".to_vec()), ("/v1/plugins/feed", feed(system.folder(), "1.0.0"))] {
        let request = http_client().put(urls[0].join(path).expect("a path")).bearer_auth(system.token());
        request.body(content).send().await.and_then(reqwest::Response::error_for_status).expect(path);
    }
    let ttl = Duration::from_secs(5);
    let mut documents = system.many_to_venue(2, ttl);
    documents.push(document("sleeper", "exec", ttl, &json!({ "command": ["sleep", "1000"] })));
    documents.push(document("spare", "feed", ttl, &json!({ "port": 7 })));
    system.declare(&documents).await;
    system
}

/// Asks as somebody of this role, whose token still opens something in the end.
async fn ask(system: &System, role: Role, size: Size, seed: &str) -> Report {
    let request = CreateAccessToken { name: "schemathesis".into(), role, pod: None };
    let CreatedAccessToken { token, .. } = system.call(Method::POST, "/v1/tokens", Some(&request)).await.expect("a token");
    let report: PathBuf = system.folder().join(format!("{role}.json"));
    let url = &system.urls()[0];
    let mut command = Command::new(PROGRAM);
    command.current_dir(system.folder()).env("SCHEMATHESIS_HOOKS", format!("{FOLDER}/hooks.py")).kill_on_drop(true);
    command.args(["--config-file", &format!("{FOLDER}/schemathesis.toml"), "--no-color", "run", &format!("{url}openapi.json")]);
    command.args(["--header", &format!("Authorization: Bearer {token}"), "--seed", seed, "--phases", size.phases]);
    command.args(["--max-examples", &size.examples.to_string(), "--report", "json", "--report-json-path"]).arg(&report);
    let output = command.output().await.expect("Schemathesis");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "as {role}, with seed {seed}:\n{said}\n{}", String::from_utf8_lossy(&output.stderr));

    let me = http_client().get(url.join("/v1/whoami").expect("a path")).bearer_auth(&token).send().await.expect("an answer");
    assert_eq!(me.json::<WhoAmI>().await.expect("the token is good to the end").role, role);
    read(&report)
}

fn read(report: &Path) -> Report {
    let report: Value = serde_json::from_slice(&std::fs::read(report).expect("a report")).expect("JSON");
    let phases = report["valid_rates"].as_object().into_iter().flat_map(|operations| operations.values());
    let rates = phases.filter_map(Value::as_object).flat_map(|phases| phases.values());
    Report {
        asked: report["test_cases"]["generated"].as_u64().expect("a number"),
        accepted: rates.filter_map(|rate| rate["accepted"].as_u64()).sum(),
    }
}

async fn whatever_is_asked_is_answered_as_described(size: Size, seed: &str) {
    assert!(Path::new(PROGRAM).is_file(), "the test of what the API promises needs Schemathesis: run `make setup`, which installs it");
    let system = furnished().await;
    let mut total = 0;
    // The administrator last: what is deleted is not there for others.
    for role in [Role::Viewer, Role::Operator, Role::Pod, Role::Admin] {
        let begun = Instant::now();
        let Report { asked, accepted } = ask(&system, role, size, seed).await;
        println!("{role}: {asked} requests in {:.0?}, of those meant to be right {accepted} were carried out", begun.elapsed());
        assert!(asked >= size.least && accepted > 0, "as {role}: too little was tried");
        total += asked;
    }
    println!("{total} requests, seed {seed}: every answer as described");
    assert_sound(&system).await;
}

#[tokio::test]
async fn some_requests_of_every_kind_are_answered_as_described() {
    whatever_is_asked_is_answered_as_described(SMALL, "1").await;
}

#[tokio::test]
#[ignore = "takes long; run by `make api-test`"]
async fn thousands_of_requests_are_answered_as_described() {
    let seed = std::env::var("CONNCENTRIC_API_SEED").unwrap_or_else(|_| "1".into());
    whatever_is_asked_is_answered_as_described(FULL, &seed).await;
}
