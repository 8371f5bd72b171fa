//! What can be lost with this set-up, in plain words. Pure.

use super::{Finding, Level};
use crate::log::{Server, Standby, Survey};

pub(super) fn judge(survey: &Survey) -> Vec<Finding> {
    let server = &survey.server;
    let mut findings = vec![disk(server)];
    if server.standby {
        findings.push(Finding::new("replication", Level::Ok, "this is a standby", "Ask the primary what a failover can lose."));
    } else {
        findings.push(replication(server, &survey.standbys));
    }
    findings
}

fn disk(server: &Server) -> Finding {
    let found = format!("fsync {}, full_page_writes {}", on(server.fsync), on(server.full_page_writes));
    if server.fsync && server.full_page_writes {
        return Finding::new("disk", Level::Ok, found, "What was committed outlives a crash of the server.");
    }
    let meaning = "A crash of the machine can lose or corrupt everything, owners included: turn both on.";
    Finding::new("disk", Level::Error, found, meaning)
}

fn replication(server: &Server, standbys: &[Standby]) -> Finding {
    let shown: Vec<String> = standbys.iter().map(describe).collect();
    let names = &server.synchronous_standby_names;
    let weak = matches!(server.synchronous_commit.as_str(), "local" | "off");
    let asked = if names.is_empty() { "no synchronous standby".to_owned() } else { format!("synchronous_standby_names = {names}") };
    let found = match shown.as_slice() {
        [] => format!("{asked}, no standby connected"),
        _ => format!("{asked}; {}", shown.join("; ")),
    };
    let hidden = standbys.iter().any(|standby| standby.state.is_none());
    let synchronous = |standby: &Standby| matches!(standby.sync_state.as_deref(), Some("sync" | "quorum"));
    let (level, meaning) = match (names.is_empty(), standbys.is_empty()) {
        (true, true) => (
            Level::Warning,
            "If this server is lost, everything written since the last backup is lost: add a standby, synchronous if nothing may be lost.",
        ),
        (true, false) => (
            Level::Warning,
            "A failover can lose the last transactions, which a new epoch then reports: set synchronous_standby_names if nothing may be lost.",
        ),
        // The database's `off` is raised to `on` for our connections; `local` is taken for what somebody wants.
        (false, _) if server.synchronous_commit == "local" => {
            (Level::Warning, "synchronous_commit = local waits for no standby, so a failover can lose the last transactions: set it to on.")
        }
        (false, _) if hidden => {
            (Level::Warning, "Nothing is lost at a failover if a standby is in sync, which this role may not see: grant it pg_monitor.")
        }
        (false, _) if standbys.iter().any(synchronous) => {
            (Level::Ok, "A failover to a synchronous standby loses nothing that was acknowledged.")
        }
        (false, _) => (
            Level::Error,
            "No synchronous standby is connected, so every commit waits for one: bring it back, or change synchronous_standby_names.",
        ),
    };
    let found = if weak { format!("{found}; synchronous_commit = {}", server.synchronous_commit) } else { found };
    Finding::new("replication", level, found, meaning)
}

fn describe(standby: &Standby) -> String {
    let lag = standby.lag_ms.map(|lag| format!(", {lag} ms behind")).unwrap_or_default();
    let state = standby.state.as_deref().unwrap_or("state hidden");
    format!("{} {state} {}{lag}", standby.name, standby.sync_state.as_deref().unwrap_or_default())
}

fn on(setting: bool) -> &'static str {
    if setting { "on" } else { "off" }
}
