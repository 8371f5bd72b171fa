//! What needs somebody's attention, the gravest first, each with a reason and a command that leads on. Pure.
//!
//! The Portal's overview lists the same of adapters and pods (`src/portal/src/logic/attention.ts`).

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use super::gather::{Asked, Fleet, Gathered};
use crate::domain::status::{AdminState, OperationalStatus};
use crate::wire::adapter::AdapterView;
use crate::wire::pod::PodView;
use crate::wire::status::StatusView;

/// An orchestrator looks at the log sixteen times a lease timeout, at least twice a second.
const LATE_MS: u64 = 2_000;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// Something does not run that should, or soon will not.
    Error,
    /// It may get better by itself, and should not stay so.
    Warning,
    /// Somebody wanted it so.
    Note,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Concern {
    pub(super) level: Level,
    /// As in `adapter/venue-a`.
    pub(super) about: String,
    pub(super) state: String,
    pub(super) reason: String,
    /// The command that shows more, or that mends it.
    pub(super) next: String,
}

/// Everything that is worth telling.
pub(super) fn concerns(gathered: &Gathered) -> Vec<Concern> {
    let mut all: Vec<Concern> = gathered.orchestrators.iter().flat_map(of_orchestrator).collect();
    all.extend(of_versions(&gathered.orchestrators));
    let heard = gathered.orchestrators.iter().find_map(|asked| asked.answer.as_ref().ok().filter(|status| status.readiness.ready));
    all.extend(heard.map(of_database).unwrap_or_default());
    if let Some(fleet) = &gathered.fleet {
        all.extend(fleet.adapters.iter().filter_map(|adapter| of_adapter(adapter, fleet)));
        all.extend(fleet.pods.iter().filter_map(of_pod));
        all.extend(of_maintenance(fleet));
    }
    all.sort_by(|a, b| (a.level, &a.about).cmp(&(b.level, &b.about)));
    all
}

fn of_orchestrator(asked: &Asked) -> Vec<Concern> {
    let about = format!("orchestrator/{}", asked.url.as_str().trim_end_matches('/'));
    let concern = |level, state: &str, reason: String, next: &str| Concern {
        level,
        about: about.clone(),
        state: state.into(),
        reason,
        next: next.into(),
    };
    let status = match &asked.answer {
        Ok(status) => &status.readiness,
        Err(reason) => {
            let next = "start it again, or leave it out of --server";
            return vec![concern(Level::Error, "NO ANSWER", reason.clone(), next)];
        }
    };
    let mut found = Vec::new();
    let doctor = "conncentric doctor";
    if !status.ready {
        let reason = status.reason.clone().unwrap_or_else(|| "it cannot append".into());
        found.push(concern(Level::Error, "NOT READY", reason, doctor));
    } else if status.lag_ms > LATE_MS {
        let reason = format!("it has not heard of the log for {:.1} s", Duration::from_millis(status.lag_ms).as_secs_f64());
        found.push(concern(Level::Warning, "BEHIND", reason, doctor));
    }
    for (kind, state) in [("listen", &status.connections.listen), ("read", &status.connections.read)] {
        if status.ready && state != "connected" && state != "unused" {
            found.push(concern(Level::Warning, "DEGRADED", format!("no connection for {kind}: {state}"), doctor));
        }
    }
    found
}

fn of_versions(orchestrators: &[Asked]) -> Option<Concern> {
    let versions: BTreeSet<&str> =
        orchestrators.iter().filter_map(|asked| asked.answer.as_ref().ok()).map(|status| status.readiness.version.as_str()).collect();
    (versions.len() > 1).then(|| Concern {
        level: Level::Note,
        about: "orchestrators".into(),
        state: "UPGRADING".into(),
        reason: format!("several versions run side by side: {}", versions.into_iter().collect::<Vec<_>>().join(", ")),
        next: "restart the older ones with the newer version".into(),
    })
}

fn of_database(status: &StatusView) -> Vec<Concern> {
    let concern = |about: String, state: &str, reason: String, next: &str| Concern {
        level: Level::Warning,
        about,
        state: state.into(),
        reason,
        next: next.into(),
    };
    let mut found = Vec::new();
    if status.readiness.settling {
        let reason = format!("epoch {} began: sessions without an owner wait for old leases to run out", status.readiness.epoch);
        found.push(concern("database".into(), "SETTLING", reason, "conncentric get events --type EpochBegan"));
    }
    for standby in status.server.iter().flat_map(|server| &server.standbys) {
        if let Some(state) = standby.state.as_deref().filter(|state| *state != "streaming") {
            let reason = format!("the standby is not streaming: {state}");
            found.push(concern(format!("standby/{}", standby.name), &state.to_uppercase(), reason, "conncentric doctor"));
        }
    }
    found
}

fn of_adapter(adapter: &AdapterView, fleet: &Fleet) -> Option<Concern> {
    let (name, status) = (&adapter.document.name, adapter.status);
    let wanted = adapter.admin_state == AdminState::Enabled;
    let reason = |otherwise: &str| adapter.reason.clone().unwrap_or_else(|| otherwise.into());
    let concern = |level, reason: String, next: String| {
        Some(Concern { level, about: format!("adapter/{name}"), state: status.to_string(), reason, next })
    };
    if status == OperationalStatus::Error {
        return concern(Level::Error, reason("no reason was given"), format!("conncentric get log {name}"));
    }
    if wanted && status != OperationalStatus::Active {
        let is_owned = fleet.sessions.iter().any(|session| session.adapter == *name && session.owner.is_some());
        let level = if is_owned { Level::Warning } else { Level::Error };
        return concern(level, reason("on its way"), format!("conncentric get sessions {name}"));
    }
    if wanted && adapter.reason.is_some() {
        // Active, but with something to say: a lease that is about to run out.
        return concern(Level::Warning, reason(""), "conncentric get pods".into());
    }
    if adapter.pending_restart {
        let next = format!("conncentric action {name}/0 restart");
        return concern(Level::Note, "restart pending: it runs with older settings".into(), next);
    }
    if !wanted && status != OperationalStatus::Inactive {
        return concern(Level::Note, reason("still closing"), format!("conncentric get sessions {name}"));
    }
    None
}

fn of_pod(pod: &PodView) -> Option<Concern> {
    let name = &pod.pod;
    let count = pod.sessions.len();
    let held = format!("holds {count} {}", if count == 1 { "session" } else { "sessions" });
    let concern = |level, reason: String, next: String| {
        Some(Concern { level, about: format!("pod/{name}"), state: pod.status.clone(), reason, next })
    };
    match pod.status.as_str() {
        "SILENT" => {
            let level = if count > 0 { Level::Error } else { Level::Warning };
            let silence = pod
                .last_heartbeat_ms_ago
                .map_or_else(String::new, |ms| format!("nothing heard for {:.1} s; ", Duration::from_millis(ms).as_secs_f64()));
            concern(level, format!("{silence}{held}"), format!("conncentric get pods {name}"))
        }
        "DRAINING" => {
            concern(Level::Note, format!("{held}, takes no new ones until it is undrained"), format!("conncentric undrain {name}"))
        }
        _ => None,
    }
}

fn of_maintenance(fleet: &Fleet) -> Option<Concern> {
    let count = fleet.maintained.len();
    (count > 0).then(|| Concern {
        level: Level::Note,
        about: "maintenance".into(),
        state: "UNDER WAY".into(),
        reason: format!("{count} {} disabled until it ends", if count == 1 { "adapter is" } else { "adapters are" }),
        next: "conncentric maintenance end".into(),
    })
}

#[cfg(test)]
mod tests;
