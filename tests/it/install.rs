//! What an installation does: tokens from a folder, pods that share one, probes, and a session that shows that all of it works.

use std::net::SocketAddr;
use std::path::Path;

use conncentric::log::migrate;
use tempfile::TempDir;

use crate::support::postgres::Database;
use crate::support::process::{Process, command};
use crate::support::system::fixed_address;
use crate::support::wait::{SOON, eventually, holds};

const ADMIN: &str = "cct_00000000000000a0_an-administrator-of-the-tests";
const POD: &str = "cct_00000000000000b0_the-pods-of-the-tests";

/// A folder of tokens, an orchestrator that records them, and as many pods as wanted. In the order in which it is taken down.
struct Installed {
    pods: Vec<(Process, SocketAddr)>,
    orchestrator: Process,
    address: SocketAddr,
    database: Database,
    folder: TempDir,
}

impl Installed {
    async fn start(name: &str, pods: usize) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let database = Database::create(name).await;
        migrate(&database.url).await.expect("migrates");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("tokens")).expect("a folder");
        std::fs::write(folder.path().join("tokens/admin.installation"), ADMIN).expect("written");
        std::fs::write(folder.path().join("tokens/pod.adapters"), POD).expect("written");
        let address = fixed_address();
        let orchestrator = start_orchestrator(&database, folder.path(), address, 1);
        let mut this = Self { database, folder, address, orchestrator, pods: Vec::new() };
        this.orchestrator.line_with("following the log").await;
        // Then the tokens are recorded. A pod that comes before that is turned away, and something has to start it again.
        let recorded = async || {
            let (_, tokens) = this.cli(&["token", "list"]);
            holds(tokens.contains("installation") && tokens.contains("adapters"), tokens)
        };
        eventually(SOON, recorded).await;
        for number in 0..pods {
            this.add_pod(number).await;
        }
        this
    }

    async fn add_pod(&mut self, number: usize) {
        let mut arguments = command();
        let url = format!("http://{}", self.address);
        let pod = format!("pod-{number}");
        arguments.args(["adapter", "--orchestrator", &url, "--pod", &pod, "--management-listen", "127.0.0.1:0", "--token-file"]);
        arguments.arg(self.folder.path().join("tokens/pod.adapters")).arg("--data-dir").arg(self.folder.path().join(&pod));
        let mut process = Process::spawn(&pod, self.folder.path(), arguments);
        let management = process.listening().await;
        eventually(SOON, async || holds(ready(management).await == 200, "not ready")).await;
        self.pods.push((process, management));
    }

    /// Runs a command as the administrator: whether it succeeded, and all that it said.
    fn cli(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = command();
        command.args(arguments).arg("--server").arg(format!("http://{}", self.address));
        let output = command.args(["--token", ADMIN]).output().expect("it runs");
        (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }
}

fn start_orchestrator(database: &Database, folder: &Path, address: SocketAddr, start: u32) -> Process {
    let mut arguments = command();
    arguments.args(["orchestrator", "--listen", &address.to_string(), "--migrations", "none", "--tokens-dir"]);
    arguments.arg(folder.join("tokens")).env("DATABASE_URL", &database.app_url);
    Process::spawn(&format!("orchestrator.{start}"), folder, arguments)
}

async fn ready(management: SocketAddr) -> u16 {
    reqwest::get(format!("http://{management}/readyz")).await.map_or(0, |answer| answer.status().as_u16())
}

#[tokio::test]
async fn a_probe_runs_moves_and_leaves_nothing_behind() {
    let installed = Installed::start("install_probe", 2).await;
    let (well, said) = installed.cli(&["probe", "--timeout", "30s"]);
    assert!(well, "{said}");
    assert!(said.contains("ACTIVE on pod-") && said.contains("after it was moved") && said.contains("removed"), "{said}");
    let (_, adapters) = installed.cli(&["get", "adapters", "-o", "json"]);
    assert!(!adapters.contains("probe-"), "{adapters}");
}

#[tokio::test]
async fn a_probe_fails_in_words_where_nobody_could_take_over() {
    let installed = Installed::start("install_alone", 1).await;
    let (well, said) = installed.cli(&["probe", "--timeout", "30s"]);
    assert!(!well && said.contains("run two pods at least"), "{said}");
    assert!(said.contains("removed"), "{said}");
}

#[tokio::test]
async fn a_token_of_the_folder_is_recorded_once_and_stays_revoked() {
    let mut installed = Installed::start("install_tokens", 0).await;
    let (revoked, said) = installed.cli(&["token", "revoke", "00000000000000b0"]);
    assert!(revoked, "{said}");

    installed.orchestrator.kill().await;
    installed.orchestrator = start_orchestrator(&installed.database, installed.folder.path(), installed.address, 2);
    installed.orchestrator.line_with("following the log").await;
    installed.orchestrator.line_with("was revoked and stays so").await;
    let (_, tokens) = installed.cli(&["token", "list"]);
    assert!(tokens.contains("installation") && !tokens.contains("adapters"), "{tokens}");
}

#[tokio::test]
async fn a_pod_is_ready_while_it_would_get_sessions() {
    let mut installed = Installed::start("install_ready", 1).await;
    let management = installed.pods[0].1;
    let health = |arguments: &[&str]| {
        let mut health = command();
        health.arg("health").args(arguments).env("CONNCENTRIC_MANAGEMENT_LISTEN", management.to_string());
        health.output().expect("it runs")
    };
    assert!(health(&[]).status.success() && health(&["--ready"]).status.success());
    installed.orchestrator.kill().await;
    eventually(SOON, async || holds(ready(management).await == 503, "ready although nobody hears it")).await;
    assert!(health(&[]).status.success(), "it lives all the same");
    let unready = health(&["--ready"]);
    assert!(!unready.status.success() && String::from_utf8_lossy(&unready.stderr).contains("not registered"), "{unready:?}");
}
