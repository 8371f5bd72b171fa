//! When all is calm again: the system must be well by itself, and everything that was written down is gathered.

use std::time::Duration;

use conncentric::time::since_boot;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::arena::Arena;
use crate::evidence::{Evidence, Logs};
use crate::notebook::Notebook;
use crate::support::process::command;
use crate::{ledger, witness};

/// Waits until the system is well, asks it to verify itself, and gathers what it left.
pub async fn look(arena: &mut Arena, notebook: &Notebook, within: Duration) -> Evidence {
    let mut wrong = Vec::new();
    for part in arena.pods.iter_mut().chain(&mut arena.orchestrators) {
        if !part.is_running() {
            // Whoever was ended by a fault may be so for good; a supervisor starts it.
            part.start().await;
        }
    }
    match recovered(arena, within).await {
        Ok(sessions) => wrong.extend(disagreements(&sessions, &ledger::read(&arena.database_url).await)),
        Err(waiting) => wrong.push(format!("not every session is ACTIVE {} s after all was calm: {waiting}", within.as_secs())),
    }
    let calm_position = caught_up(arena, notebook).await;
    wrong.extend(verify(arena).await);
    let mut evidence = Evidence { aftermath: wrong, calm_position, ..Evidence::default() };
    evidence.ledger = ledger::read(&arena.database_url).await;
    evidence.pulses = ledger::read_pulses(&arena.database_url).await;
    evidence.stamps = arena.tap.stamps();
    evidence.renewals = arena.heartbeats.renewals();
    evidence.promises = arena.heartbeats.promises();
    evidence.witnessed = witness::record::read(&witness::log_in(arena.folder.path()));
    evidence.logs = logs(arena);
    evidence
}

async fn recovered(arena: &Arena, within: Duration) -> Result<Value, String> {
    let deadline = Instant::now() + within;
    loop {
        let view = arena.clients.get_from_any("/v1/sessions").await;
        let sessions = view.as_ref().and_then(|view| view["sessions"].as_array()).cloned().unwrap_or_default();
        let waiting = sessions.iter().find(|session| session["admin_state"] == "ENABLED" && session["status"] != "ACTIVE");
        match (view, waiting) {
            (Some(view), None) if !sessions.is_empty() => return Ok(view),
            _ if Instant::now() < deadline => sleep(Duration::from_millis(100)).await,
            (None, _) => return Err("no orchestrator answers".into()),
            (_, waiting) => return Err(format!("{waiting:?}")),
        }
    }
}

/// What the API shows of owners is what the events tell, once nothing moves.
fn disagreements(view: &Value, ledger: &[ledger::Event]) -> Vec<String> {
    let Ok(ownerships) = ledger::ownerships(ledger) else { return Vec::new() };
    let sessions = view["sessions"].as_array().into_iter().flatten();
    let differs = sessions.filter_map(|session| {
        let (name, token) = (session["session"].as_str()?, session["token"].as_str()?);
        let owner = ownerships.iter().rev().find(|owner| owner.session == name && owner.ended.is_none());
        // It may have moved on since it was shown; then its token has grown.
        owner
            .is_none_or(|owner| owner.token.to_string() != token && token.parse().is_ok_and(|token: i64| token > owner.token))
            .then(|| format!("the API shows {name} under token {token}, the events {owner:?}"))
    });
    differs.collect()
}

/// Subscribers get the time to hear of what has happened so far.
async fn caught_up(arena: &Arena, notebook: &Notebook) -> i64 {
    let head = ledger::read(&arena.database_url).await.last().map_or(0, |event| event.position);
    let deadline = since_boot() + Duration::from_secs(20);
    while notebook.least_heard() < head && since_boot() < deadline {
        sleep(Duration::from_millis(50)).await;
    }
    head
}

/// What `conncentric verify` has to say against the log, if anything.
pub async fn verify(arena: &Arena) -> Option<String> {
    let mut command = tokio::process::Command::from(command());
    let output = command.arg("verify").env("DATABASE_URL", &arena.database_url).output().await.expect("it runs");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (!output.status.success()).then(|| format!("conncentric verify: {}{}", said(&output.stdout), said(&output.stderr)))
}

/// The logs of all processes that ran, in JSON but for what a panic says.
fn logs(arena: &Arena) -> Vec<Logs> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(arena.folder.path()).expect("the folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let ours = ["pod-", "twin-", "orchestrator-"].iter().any(|prefix| name.starts_with(prefix));
        if !ours || path.extension().is_none_or(|extension| extension != "log") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a log");
        let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let panics = text.lines().filter(|line| line.contains("panicked at")).map(str::to_owned).collect();
        all.push(Logs { name, lines, panics });
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}
