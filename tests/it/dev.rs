//! `conncentric dev` as people use it: started, its parts killed, itself killed, started again, stopped.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use conncentric::dev::process::command_line;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::process::Process;
use crate::support::wait::{eventually, holds};

/// A whole system has to start, on a machine that runs all the other tests.
const READY: Duration = Duration::from_mins(2);

struct Dev {
    process: Process,
    data: PathBuf,
}

impl Dev {
    fn start(name: &str, folder: &Path, port: u16) -> Self {
        let data = folder.join("data");
        let (path, port) = (data.display().to_string(), port.to_string());
        let process = Process::start(name, folder, &["dev", "--data", &path, "--port", &port, "--pods", "2", "--lease-ttl", "2s"]);
        Self { process, data }
    }

    async fn ready(&mut self) -> Value {
        eventually(READY, async || {
            assert!(self.process.is_running(), "it ended: {}", self.process.log());
            holds(self.process.log().lines().any(|line| line == "ready"), "it has not said ready")
        })
        .await;
        self.report()
    }

    fn report(&self) -> Value {
        let text = std::fs::read_to_string(self.data.join("dev.json")).expect("dev.json is there");
        serde_json::from_str(&text).expect("dev.json is JSON")
    }
}

/// Ends the system in order when a test fails half-way: killed, `dev` could not stop what it has started.
impl Drop for Dev {
    fn drop(&mut self) {
        if self.process.is_running() {
            self.process.signal(Signal::INT);
            self.process.wait();
        }
    }
}

#[tokio::test]
async fn dev_survives_whatever_is_killed_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    // For root, PostgreSQL runs as another user, who has to pass through here.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).expect("opened");
    let port = two_free_ports();
    let mut dev = Dev::start("dev-first", folder.path(), port);
    let first = dev.ready().await;
    assert_eq!(first["urls"].as_array().map(Vec::len), Some(2));
    assert_eq!(pids(&first).len(), 6, "PostgreSQL, two orchestrators, two pods, the venue: {first}");

    // A pod that was killed stays dead until somebody starts it again, and dev.json follows.
    let pod = pid(&first["pids"]["pods"]["pod-1"]);
    kill_process(pod, Signal::KILL).expect("killed");
    dev.process.line_with("was killed; start it again with").await;
    let again = std::process::Command::new(dev.data.join("run/pod-1")).status().expect("the script runs");
    assert!(again.success());
    dev.process.line_with("runs again as pid").await;
    assert_ne!(pid(&dev.report()["pids"]["pods"]["pod-1"]), pod);

    // Killed itself, it cannot stop anything; the next start does, and finds its data and tokens again.
    let orphans = pids(&dev.report());
    dev.process.kill().await;
    let mut dev = Dev::start("dev-second", folder.path(), port);
    let second = dev.ready().await;
    assert!(orphans.iter().all(|pid| command_line(*pid).is_none()), "orphans of the first are left");
    for kept in ["token", "database_url"] {
        assert_eq!(first[kept], second[kept], "{kept}");
    }

    let all = pids(&second);
    dev.process.signal(Signal::INT);
    let status = dev.process.exit().await;
    assert!(status.success(), "{status}: {}", dev.process.log());
    assert!(all.iter().all(|pid| command_line(*pid).is_none()), "something still runs");
    assert!(!dev.data.join("dev.json").exists());
}

#[tokio::test]
async fn dev_leaves_folders_of_others_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("created");
    std::fs::write(data.join("thesis.txt"), "irreplaceable").expect("written");
    let path = data.display().to_string();
    let mut dev = Process::start("dev", folder.path(), &["dev", "--data", &path, "--reset"]);
    let status = dev.exit().await;
    assert_eq!(status.code(), Some(1), "{}", dev.log());
    dev.line_with("holds something else and is left alone").await;
    assert!(data.join("thesis.txt").exists());
}

fn pid(number: &Value) -> Pid {
    let number = number.as_i64().and_then(|number| i32::try_from(number).ok());
    number.and_then(Pid::from_raw).expect("a process number")
}

/// All processes that `dev.json` names.
fn pids(report: &Value) -> Vec<Pid> {
    let groups = &report["pids"];
    let pods = groups["pods"].as_object().into_iter().flat_map(serde_json::Map::values);
    let orchestrators = groups["orchestrators"].as_array().into_iter().flatten();
    pods.chain(orchestrators).chain([&groups["postgres"], &report["venue"]["pid"]]).map(pid).collect()
}

/// The first of two neighbours, for two orchestrators. Below the ports that outgoing connections take, and above those of the
/// other tests.
fn two_free_ports() -> u16 {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let first = 27_000 + u16::try_from(std::process::id() % 2000).expect("small") * 2;
    (first..first + 1000).step_by(2).find(|port| free(*port) && free(port + 1)).expect("two free ports")
}
