//! I3, where it ends: a pod writes for an exclusive session only while it may trust its lease. It counts from the start of its last
//! answered heartbeat, which is before that request was seen on its way. No successor is needed to see a pod that trusts for too long.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Violation, belief};
use crate::arena::exclusive;
use crate::evidence::{Deed, Evidence};
use crate::network::tap::Stamp;

/// A pod trusts for that share of the lease timeout less (design 9), and may take a quarter of it between its look at the lease and
/// the write: that is what it is there for.
const MARGIN: u32 = 10;

pub(super) fn judge(evidence: &Evidence) -> Vec<Violation> {
    let mut promises: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for promise in &evidence.promises {
        promises.entry(&promise.pod).or_default().push(promise.asked);
    }
    for asked in promises.values_mut() {
        asked.sort_unstable();
    }
    let mut wrong = BTreeMap::new();
    for stamp in &evidence.stamps {
        let asked = promises.get(stamp.line.pod.as_str()).map_or(&[][..], Vec::as_slice);
        if let Some(what) = too_late(evidence, stamp, asked) {
            // Whoever goes on too long writes many lines.
            wrong.entry((&stamp.line.session, stamp.line.token)).or_insert(what);
        }
    }
    wrong.into_values().map(|what| Violation::new("I3", what)).collect()
}

fn too_late(evidence: &Evidence, stamp: &Stamp, asked: &[Duration]) -> Option<String> {
    let timeout = exclusive(&stamp.line.session)?;
    let last = asked.partition_point(|asked| *asked <= stamp.at).checked_sub(1).and_then(|index| asked.get(index))?;
    let trusted = *last + timeout.saturating_sub(timeout / MARGIN);
    let late = stamp.at.checked_sub(trusted + timeout / MARGIN / 4)?;
    if late <= evidence.stall_within(trusted, stamp.at) || slept(evidence, stamp, trusted) {
        return None;
    }
    Some(format!(
        "{} wrote {} of {} under {}, {:?} after it could trust its lease no more: the last request that was answered began at {last:?}",
        stamp.line.pod,
        stamp.line.verb,
        stamp.line.session,
        stamp.line.token,
        stamp.at.saturating_sub(trusted)
    ))
}

/// Whoever was stopped between its look at the lease and the write is judged by who wrote meanwhile, and by the witness. A program
/// whose guard was not stopped is not excused.
fn slept(evidence: &Evidence, stamp: &Stamp, trusted: Duration) -> bool {
    match belief::paused(evidence, &stamp.line.pod, trusted.saturating_sub(belief::BEFORE), stamp.at) {
        Some(Deed::Paused) => !stamp.line.session.starts_with("program"),
        Some(_) => true,
        None => false,
    }
}
