//! What breaks in production, one scenario a file: pods, orchestrators, networks and databases that die, hang, or are replaced.
//!
//! Each test has a system of real processes and looks at it from outside. Each ends with [`assert_sound`]: whatever happened,
//! the log holds together, and the venue was never written to by an older owner after a newer one.

mod administrative_state;
mod contents;
mod cut_off_pod;
mod database_outage;
mod database_restart;
mod disaster;
mod duplicate_pod;
mod killed_pod;
mod lost_history;
mod lost_node;
mod maintenance;
mod many_pods;
mod outage;
mod paused_orchestrator;
mod paused_pod;
mod planned_handover;
mod promoted_standby;
mod rolling_restart;
mod terminated_pod;

use std::time::Duration;

use conncentric::domain::event::{ClaimKind, EpochBegan, Event, LeaseExpired, SessionClaimed};
use conncentric::domain::name::SessionId;
use conncentric::domain::status::OperationalStatus;
use conncentric::wire::session::{MoveAnswer, MoveRequest};
use reqwest::Method;

use crate::support::sound::assert_sound;
use crate::support::system::{Owners, System};
use crate::support::wait::{SOON, eventually, holds};

/// Time for what ought to take none, on a machine that runs all the other tests.
const SLACK: Duration = Duration::from_secs(15);

/// Sessions that a pod owns.
fn owned_by(owners: &Owners, pod: &str) -> usize {
    owners.values().filter(|owner| owner.pod() == pod).count()
}

/// What has been claimed in that way so far.
async fn claims(system: &System, kind: ClaimKind) -> Vec<SessionClaimed> {
    system
        .events_of(|event| if let Event::SessionClaimed(claimed) = event { Some(claimed) } else { None }.filter(|it| it.kind == kind))
        .await
}

async fn expiries(system: &System) -> Vec<LeaseExpired> {
    system.events_of(|event| if let Event::LeaseExpired(expired) = event { Some(expired) } else { None }).await
}

/// I7: nothing that happened to the control plane has moved a session, or cost a pod its registration.
async fn assert_nothing_moved(system: &System, before: &Owners) {
    assert_eq!(&system.until_active(SLACK).await, before, "same pods, same tokens");
    let lost = |event: &Event| matches!(event, Event::LeaseExpired(_) | Event::PodLost(_) | Event::SessionReleased(_));
    let events = system.events().await;
    assert!(!events.iter().any(|recorded| lost(&recorded.event)), "a lease or a registration was ended: {events:?}");
    assert_sound(system).await;
}

/// Moves a session to a pod, which then runs it like any other pod, and gives back which.
async fn assert_takes_part_again(system: &System, pod: &str) -> SessionId {
    let owners = system.until_active(SLACK).await;
    let (session, owner) = owners.into_iter().find(|(_, owner)| owner.pod() != pod).expect("some session is elsewhere");
    let path = format!("/v1/sessions/{session}/move");
    let request = MoveRequest { to: pod.parse().expect("a name"), dry_run: false };
    // It may be about to register.
    eventually(SLACK, async || system.call::<_, MoveAnswer>(Method::POST, &path, Some(&request)).await).await;
    let after = system.until_moved(SLACK, &Owners::from([(session.clone(), owner)])).await;
    assert_eq!(after[&session].pod(), pod);
    session
}

/// Waits until every session is ACTIVE under a token that no lost one outdates; the venue would refuse any other.
async fn until_none_is_outdated(system: &System, lost: &Owners) -> Owners {
    until_the_epoch_is_known(system).await;
    system
        .until_each(SOON, "is ACTIVE, under no token that was outdated", |session| {
            let known = lost.get(&session.session).map(|owner| owner.token);
            session.status == OperationalStatus::Active && session.token >= known
        })
        .await
}

/// Waits until a second epoch has begun and every orchestrator follows it. Before, each shows what it remembers, as it should while
/// the database is away.
async fn until_the_epoch_is_known(system: &System) {
    eventually(SOON, async || {
        for mut url in system.urls() {
            url.set_path("/metrics");
            let answer = reqwest::get(url.clone()).await.map_err(|error| error.to_string())?;
            let text = answer.text().await.map_err(|error| error.to_string())?;
            let epoch = text.lines().find_map(|line| line.strip_prefix("conncentric_log_epoch "));
            holds(epoch.is_some_and(|epoch| epoch.parse::<i32>().is_ok_and(|epoch| epoch > 1)), format!("{url}: epoch {epoch:?}"))?;
        }
        Ok::<(), String>(())
    })
    .await;
}

async fn epochs(system: &System) -> Vec<EpochBegan> {
    system.events_of(|event| if let Event::EpochBegan(began) = event { Some(began) } else { None }).await
}
