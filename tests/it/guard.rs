//! The guard and the `exec` connector, with real processes: whatever dies or hangs, nothing outlives the lease.

use conncentric::connector::journal::Journal;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use conncentric::connector::context::{Report, SessionContext, SessionFacts, SessionHandle, Term};
use conncentric::connector::exec::Exec;
use conncentric::connector::guard::control::{Control, nanoseconds};
use conncentric::connector::secrets::Secrets;
use conncentric::connector::{Connector, ConnectorError};
use conncentric::domain::token::FencingToken;
use conncentric::time::since_boot;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const BINARY: &str = env!("CARGO_BIN_EXE_conncentric");
const SOON: Duration = Duration::from_secs(20);

/// A program with a child in its group and one that has left it, each of which says its process id.
const FAMILY: &str = r"
echo $$
sh -c 'echo $$; exec sleep 1000' &
setsid sh -c 'echo $$; exec sleep 1000' &
wait
";

struct Guarded {
    guard: Child,
    stdin: Option<ChildStdin>,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Guarded {
    /// Runs a shell script under a guard whose deadline is that far away.
    fn start(script: &str, deadline: Duration, lead: Duration) -> Self {
        let mut guard = Command::new(BINARY)
            .args(["guard", "--deadline-ns", &nanoseconds(since_boot() + deadline).to_string()])
            .args(["--lead-ms", &lead.as_millis().to_string(), "--", "sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the guard starts");
        let stdin = guard.stdin.take();
        let stdout = BufReader::new(guard.stdout.take().expect("is piped")).lines();
        Self { guard, stdin, stdout }
    }

    async fn line(&mut self) -> String {
        timeout(SOON, self.stdout.next_line()).await.expect("prints soon").expect("reads").expect("runs")
    }

    async fn pids<const N: usize>(&mut self) -> [Pid; N] {
        let mut pids = Vec::new();
        for _ in 0..N {
            pids.push(Pid::from_raw(self.line().await.parse().expect("a number")).expect("a process id"));
        }
        pids.try_into().expect("as many")
    }

    async fn tell(&mut self, control: Control) {
        let line = control.to_line().expect("serialises");
        self.stdin.as_mut().expect("is open").write_all(line.as_bytes()).await.expect("the guard listens");
    }

    async fn code(&mut self) -> Option<i32> {
        timeout(SOON, self.guard.wait()).await.expect("the guard ends soon").expect("is waited for").code()
    }
}

/// Whether a process runs. One that nobody has reaped yet does not.
fn runs(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

async fn gone(pids: &[Pid]) {
    let all_gone = async {
        while pids.iter().any(|&pid| runs(pid)) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, all_gone).await.expect("all of them are gone soon");
}

const FAR: Duration = Duration::from_hours(1);
const LEAD: Duration = Duration::from_millis(400);

#[tokio::test]
async fn at_the_deadline_the_whole_family_is_gone() {
    // The pod is there, but says nothing: as when it is stopped.
    let deadline = since_boot() + Duration::from_secs(2);
    let mut guarded = Guarded::start(FAMILY, deadline.saturating_sub(since_boot()), LEAD);
    let family = guarded.pids::<3>().await;
    assert!(family.iter().all(|&pid| runs(pid)));
    guarded.code().await;
    assert!(family.iter().all(|&pid| !runs(pid)), "nothing is left when the guard ends");
    assert!(since_boot() + LEAD >= deadline, "and not too early");
    assert!(since_boot() < deadline + Duration::from_secs(2), "nor much too late, on a busy machine too");
}

#[tokio::test]
async fn a_program_that_ignores_sigterm_is_killed_before_the_deadline() {
    let mut guarded = Guarded::start("trap '' TERM; echo $$; while :; do sleep 1; done", Duration::from_secs(2), LEAD);
    let [program] = guarded.pids().await;
    assert_eq!(guarded.code().await, Some(128 + 9));
    assert!(!runs(program));
}

#[tokio::test]
async fn an_extended_deadline_is_honoured_and_an_overtaken_one_is_not() {
    let mut guarded = Guarded::start(FAMILY, Duration::from_millis(1500), LEAD);
    let longer = since_boot() + Duration::from_secs(3);
    guarded.tell(Control::deadline(longer)).await;
    guarded.tell(Control::deadline(since_boot())).await;
    let family = guarded.pids::<3>().await;
    guarded.code().await;
    assert!(since_boot() + LEAD >= longer);
    gone(&family).await;
}

#[tokio::test]
async fn the_death_of_the_pod_ends_the_family_promptly() {
    let mut guarded = Guarded::start(FAMILY, FAR, LEAD);
    let family = guarded.pids::<3>().await;
    guarded.stdin = None;
    guarded.code().await;
    assert!(family.iter().all(|&pid| !runs(pid)));
}

#[tokio::test]
async fn the_death_of_the_guard_ends_the_program() {
    let mut guarded = Guarded::start("echo $$; exec sleep 1000", FAR, LEAD);
    let [program] = guarded.pids().await;
    guarded.guard.start_kill().expect("is killed");
    gone(&[program]).await;
}

#[tokio::test]
async fn a_full_pipe_does_not_keep_the_guard_from_killing() {
    // Nobody reads what the program prints, nor does it read what it is sent.
    let mut guarded = Guarded::start("echo $$; exec yes", Duration::from_secs(2), LEAD);
    let [program] = guarded.pids().await;
    for _ in 0..200 {
        guarded.tell(Control::Line { line: "x".repeat(4096) }).await;
    }
    guarded.code().await;
    assert!(!runs(program));
}

#[tokio::test]
async fn an_orderly_stop_lets_the_program_finish() {
    let script = "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done";
    let mut guarded = Guarded::start(script, FAR, LEAD);
    assert_eq!(guarded.line().await, "ready");
    guarded.tell(Control::stop(SOON)).await;
    assert_eq!(guarded.line().await, "bye");
    assert_eq!(guarded.code().await, Some(7));
}

#[tokio::test]
async fn a_stop_that_takes_too_long_ends_in_a_kill() {
    let mut guarded = Guarded::start("trap '' TERM; echo ready; while :; do sleep 0.05; done", FAR, LEAD);
    assert_eq!(guarded.line().await, "ready");
    guarded.tell(Control::stop(Duration::from_millis(100))).await;
    assert_eq!(guarded.code().await, Some(128 + 9));
}

#[tokio::test]
async fn lines_reach_the_program_and_its_exit_code_comes_back() {
    let mut guarded = Guarded::start("read line; echo \"got $line\"; exit 3", FAR, LEAD);
    guarded.tell(Control::Line { line: r#"{"action":"reset"}"#.into() }).await;
    assert_eq!(guarded.line().await, r#"got {"action":"reset"}"#);
    assert_eq!(guarded.code().await, Some(3));
}

#[tokio::test]
async fn a_program_that_is_not_there_is_127_as_in_a_shell() {
    let mut guard = Command::new(BINARY)
        .args(["guard", "--", "/no/such/program"])
        .stdin(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the guard starts");
    // Kept open: its end would be the pod's death.
    let _stdin = guard.stdin.take();
    assert_eq!(timeout(SOON, guard.wait()).await.expect("ends soon").expect("is waited for").code(), Some(127));
}

struct Session {
    handle: SessionHandle,
    run: JoinSet<Result<(), ConnectorError>>,
}

impl Session {
    fn start(script: &str, folder: &Path) -> Self {
        let settings = serde_json::json!({"command": ["sh", "-c", script], "env": {"GREETING": "hello"}});
        let facts = SessionFacts {
            session: "demo/0".parse().expect("valid"),
            pod: "pod-1".parse().expect("valid"),
            token: FencingToken::from_i64(42).expect("valid"),
            settings: settings.as_object().expect("an object").clone(),
            secrets: Secrets::default(),
            folder: folder.join("demo").join("0"),
            journal: Journal::default(),
        };
        let (context, handle) = SessionContext::new(facts, Term { until: since_boot() + FAR, lead: LEAD });
        let mut run = JoinSet::new();
        run.spawn(Exec::with_guard(BINARY.into()).run(context));
        Self { handle, run }
    }

    async fn report(&mut self) -> Report {
        timeout(SOON, self.handle.reported()).await.expect("reports soon").expect("a report")
    }

    async fn ended(&mut self) -> Result<(), ConnectorError> {
        timeout(SOON, self.run.join_next()).await.expect("ends soon").expect("runs").expect("does not crash")
    }
}

/// The process ids that the program has written into a file, once there are so many.
async fn written_pids(file: &Path, count: usize) -> Vec<Pid> {
    let all_written = async {
        loop {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let pids: Vec<_> = text.lines().filter_map(|line| Pid::from_raw(line.parse().ok()?)).collect();
            if pids.len() == count {
                return pids;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, all_written).await.expect("the program starts soon")
}

#[tokio::test]
async fn a_program_sees_what_the_contract_promises() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = r#"
        set -e
        test "$CONNCENTRIC_SESSION $CONNCENTRIC_ADAPTER $CONNCENTRIC_FENCING_TOKEN $GREETING" = "demo/0 demo 42 hello"
        test -d "$CONNCENTRIC_ARTIFACTS"
        grep -q GREETING "$CONNCENTRIC_SETTINGS"
        test "$(stat -c %a "$CONNCENTRIC_SETTINGS")" = 600
        echo "not JSON"
        echo '{"log":{"level":"info","category":"connection","message":"Session Established"}}'
        echo '{"status":"ERROR","reason":"no route"}'
        exec sleep 1000"#;
    let mut session = Session::start(script, folder.path());
    let report = session.report().await;
    assert_eq!(report.reason.as_deref(), Some("no route"), "{report:?}");
    session.handle.stop_in_order(since_boot() + SOON);
    assert_eq!(session.ended().await, Ok(()));
}

#[tokio::test]
async fn a_silent_program_is_active_after_a_second_and_its_end_is_a_fault() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::start("sleep 1.5; echo 'out of luck' >&2; exit 3", folder.path());
    assert!(session.report().await.is_active());
    let fault = session.ended().await.expect_err("a fault").to_string();
    assert_eq!(fault, "the program ended with exit code 3: out of luck");
}

#[tokio::test]
async fn force_and_dropping_end_the_family() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pids");
    let script = format!("exec > '{}'; {FAMILY}", file.display());
    for by_force in [true, false] {
        let _ = std::fs::remove_file(&file);
        let mut session = Session::start(&script, folder.path());
        let family = written_pids(&file, 3).await;
        if by_force {
            session.handle.force();
            assert_eq!(session.ended().await, Ok(()));
        } else {
            session.run.shutdown().await;
        }
        gone(&family).await;
    }
}

#[tokio::test]
async fn when_the_guard_is_killed_the_pod_finds_the_rest_of_the_family() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pids");
    let mut session = Session::start(&format!("exec > '{}'; {FAMILY}", file.display()), folder.path());
    let family = written_pids(&file, 3).await;
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", family[0].as_raw_nonzero())).expect("runs");
    let guard = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)).expect("has a parent");
    kill_process(Pid::from_raw(guard.parse().expect("a number")).expect("a process id"), Signal::KILL).expect("is killed");
    let fault = session.ended().await.expect_err("a fault").to_string();
    assert_eq!(fault, "the program's guard was killed by signal 9");
    gone(&family).await;
}
