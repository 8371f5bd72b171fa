//! What happens to the database as a whole.

use std::time::Duration;

use fastrand::Rng;

use super::{Fault, Maker, Step, Target};

pub(super) const ALL: &[Maker] = &[restarted, crashed, locked, disconnected, exhausted, disk_full, failed_over];

const EVERY: [Target; 3] = [Target::Database, Target::Orchestrator(0), Target::Orchestrator(1)];

fn restarted(_: &mut Rng) -> Fault {
    Fault::new("database restarted", &EVERY, vec![(0, Step::RestartDatabase), (2000, Step::Rest)])
}

fn crashed(_: &mut Rng) -> Fault {
    Fault::new("database crashed", &EVERY, vec![(0, Step::CrashDatabase), (2000, Step::Rest)])
}

/// Somebody holds a lock on our tables, longer than some leases and shorter than the statement timeout, or longer than that.
fn locked(dice: &mut Rng) -> Fault {
    let table = ["event_head", "event", "projection.session"][dice.usize(..3)];
    let lasts = if dice.u8(..4) == 0 { 6000 } else { dice.u64(500..3000) };
    let lock = Step::Lock { table, lasts: Duration::from_millis(lasts) };
    Fault::new("tables locked", &EVERY, vec![(0, lock), (lasts + 1500, Step::Rest)])
}

/// As a pooler or an administrator does.
fn disconnected(_: &mut Rng) -> Fault {
    Fault::new("connections ended by the database", &EVERY, vec![(0, Step::Disconnect), (1000, Step::Rest)])
}

/// No connection is left for anybody who comes anew, and everybody has to.
fn exhausted(dice: &mut Rng) -> Fault {
    let lasts = dice.u64(500..4000);
    let exhaust = Step::Exhaust { lasts: Duration::from_millis(lasts) };
    Fault::new("connections of the database exhausted", &EVERY, vec![(0, exhaust), (lasts + 1500, Step::Rest)])
}

fn disk_full(_: &mut Rng) -> Fault {
    Fault::new("disk of the database full", &EVERY, vec![(0, Step::FillDisk), (2800, Step::Rest)])
}

/// A synchronous standby becomes the primary, and gets a standby of its own.
fn failed_over(_: &mut Rng) -> Fault {
    Fault::new("database failed over", &EVERY, vec![(0, Step::FailOver), (5500, Step::Rest)])
}
