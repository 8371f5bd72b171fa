//! `kill -9` of a pod.

use std::path::Path;
use std::time::Duration;

use conncentric::domain::event::ClaimKind;
use rustix::process::Pid;
use serde_json::json;

use super::{SLACK, assert_sound, claims, expiries, owned_by};
use crate::support::system::{System, document};
use crate::support::wait::{SOON, eventually, holds};

/// I8.
#[tokio::test]
async fn the_sessions_of_a_killed_pod_run_elsewhere_within_the_lease_timeout_and_a_second() {
    let ttl = Duration::from_secs(2);
    let mut system = System::start("killed_pod", 2, 3).await;
    let before = system.declare(&system.many_to_venue(6, ttl)).await;
    let lost = owned_by(&before, "pod-1");
    assert!(lost >= 2, "sessions are spread: {before:?}");

    system.pod("pod-1").kill().await;
    let after = system.until_off(ttl + Duration::from_secs(1) + SLACK, "pod-1").await;
    for (session, owner) in &before {
        if owner.pod() == "pod-1" {
            assert!(after[session].token > owner.token, "{session}");
        } else {
            assert_eq!(&after[session], owner, "{session} had no reason to move");
        }
    }

    let expired = expiries(&system).await;
    assert_eq!(expired.len(), lost);
    for event in expired {
        let late = Duration::from_millis(event.silence_ms).checked_sub(ttl).expect("not before the timeout");
        assert!(late < Duration::from_secs(1), "an orchestrator watched the pod's silence for longer than it had to: {event:?}");
        assert!(event.safety_margin_ms >= 200, "the pod had stopped trusting the lease a margin before: {event:?}");
    }
    assert_eq!(claims(&system, ClaimKind::Takeover).await.len(), lost);
    assert_sound(&system).await;
}

/// A program with a child in its group and one that has left it, each of which says its process id.
const FAMILY: &str = "
exec > \"$FILE\"
echo $$
sh -c 'echo $$; exec sleep 1000' &
setsid sh -c 'echo $$; exec sleep 1000' &
wait
";

#[tokio::test]
async fn the_programs_of_a_killed_pod_die_at_once_with_all_their_descendants() {
    let ttl = Duration::from_mins(1);
    let mut system = System::start("killed_family", 1, 1).await;
    let file = system.folder().join("pids");
    let settings = json!({ "command": ["sh", "-c", FAMILY], "env": { "FILE": file.display().to_string() } });
    system.declare(&[document("family", "exec", ttl, &settings)]).await;
    let family = pids(&file, 3).await;
    assert!(family.iter().all(|pid| runs(*pid)));

    system.pod("pod-1").kill().await;
    // Long before the lease runs out: it is the pod's death that ends them.
    eventually(SOON, async || holds(!family.iter().any(|pid| runs(*pid)), format!("some of {family:?} still run"))).await;
    assert_eq!(expiries(&system).await, []);
    assert_sound(&system).await;
}

async fn pids(file: &Path, count: usize) -> Vec<Pid> {
    eventually(SOON, async || {
        let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
        let pids: Vec<Pid> = text.lines().filter_map(|line| Pid::from_raw(line.parse().ok()?)).collect();
        if pids.len() == count { Ok(pids) } else { Err(format!("{} of {count} have started", pids.len())) }
    })
    .await
}

/// Whether a process runs. One that nobody has reaped yet does not.
fn runs(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}
