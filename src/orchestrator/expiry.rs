//! When the next lease runs out, by what this orchestrator has observed.

use tokio::time::Instant;

use super::sight::Sight;
use crate::domain::decide::{lost_after, settles_after};
use crate::domain::fleet::Fleet;
use crate::domain::name::RegistrationId;

/// The earliest moment at which any lease could expire or any pod be lost, if nothing more is heard. Heartbeats only push it
/// back, so waking up then and looking again is never too late.
pub(crate) fn next_due(fleet: &Fleet, sight: &Sight) -> Option<Instant> {
    let settled = settles_after(fleet).map(|wait| sight.epoch_began() + wait);
    let unconfirmed = fleet.leases().filter(|(_, lease)| !lease.confirmed).map(|(_, lease)| sight.epoch_began() + lease.ttl.as_duration());
    let silent = fleet.registrations().map(|(id, _)| silent_until(fleet, sight, id));
    silent.chain(if settled.is_some() { unconfirmed.min() } else { None }).chain(settled).min()
}

/// When the silence of a pod ends a lease of it, or makes it lost, if nothing more is heard of it.
pub(crate) fn silent_until(fleet: &Fleet, sight: &Sight, id: RegistrationId) -> Instant {
    // With no lease the pod itself is lost after the shortest timeout; with some, the shortest of them decides.
    let ttl = fleet.leases_of(id).map(|(_, lease)| lease.ttl).min();
    let ttl = ttl.unwrap_or_else(|| lost_after(fleet));
    sight.silent_since(id, ttl) + ttl.as_duration()
}
