//! What a new epoch changes: leases of earlier ones count only when their owners confirm them.

use std::time::Duration;

use super::lease;
use crate::domain::event::{EpochBegan, LeaseConfirmed, Recorded};
use crate::domain::fleet::{Fleet, Settling};
use crate::domain::name::SessionId;

pub(super) fn begin(fleet: &mut Fleet, recorded: &Recorded, event: &EpochBegan) {
    fleet.settling = Some(Settling { began: recorded.position, wait: Duration::from_millis(event.wait_ms.into()) });
    let owned: Vec<SessionId> = fleet.sessions.iter().filter(|(_, session)| session.lease.is_some()).map(|(id, _)| id.clone()).collect();
    for id in owned {
        if let Some(lease) = fleet.sessions.get_mut(&id).and_then(|session| session.lease.as_mut()) {
            lease.confirmed = false;
        }
    }
}

pub(super) fn confirm(fleet: &mut Fleet, event: &LeaseConfirmed) -> Result<(), String> {
    let lease = lease(fleet, &event.session, event.token)?;
    if lease.holder != event.holder() {
        return Err(format!("{} holds the lease, not {}", lease.holder, event.holder()));
    }
    if lease.confirmed {
        return Err(format!("the lease of {} needs no confirmation", event.session));
    }
    lease.confirmed = true;
    Ok(())
}

pub(super) fn settle(fleet: &mut Fleet) -> Result<(), String> {
    fleet.settling.take().ok_or_else(|| format!("epoch {} has settled already", fleet.epoch))?;
    let open = fleet.sessions.iter().find(|(_, session)| session.lease.as_ref().is_some_and(|lease| !lease.confirmed));
    open.map_or(Ok(()), |(id, _)| Err(format!("the lease of {id} is neither confirmed nor over")))
}
