//! What breaks in production, one scenario a file: pods, orchestrators, networks and databases that die, hang, or are replaced.
//!
//! Each test has a system of real processes and looks at it from outside. Each ends with [`assert_sound`]: whatever happened,
//! the log holds together, and the venue was never written to by an older owner after a newer one.

mod killed_pod;

use std::time::Duration;

use conncentric::domain::event::{ClaimKind, Event, LeaseExpired, SessionClaimed};
use conncentric::domain::status::OperationalStatus;

use crate::support::sound::assert_sound;
use crate::support::system::{Owners, System};

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
    let after = system.until_each(SLACK, "is ACTIVE", |session| session.status == OperationalStatus::Active).await;
    assert_eq!(&after, before, "same pods, same tokens");
    let lost = |event: &Event| matches!(event, Event::LeaseExpired(_) | Event::PodLost(_) | Event::SessionReleased(_));
    let events = system.events().await;
    assert!(!events.iter().any(|recorded| lost(&recorded.event)), "a lease or a registration was ended: {events:?}");
    assert_sound(system).await;
}
