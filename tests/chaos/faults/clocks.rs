//! Wall clocks that are set, an hour to and fro, as a mistaken administrator or a broken time server does.

use fastrand::Rng;

use super::{Fault, Maker, Step, Target};
use crate::arena::{ORCHESTRATORS, PODS};

pub(super) const ALL: &[Maker] = &[of_the_database, of_an_orchestrator, of_a_pod];

const HOUR: i64 = 3600;

fn jumps(kind: &'static str, target: Target, dice: &mut Rng) -> Fault {
    let shift = if dice.bool() { HOUR } else { -HOUR };
    let steps = vec![(0, Step::Clock(target, shift)), (dice.u64(800..2500), Step::Clock(target, 0)), (3000, Step::Rest)];
    // Nobody is meant to notice, so nobody is excused.
    Fault::new(kind, &[], steps)
}

fn of_the_database(dice: &mut Rng) -> Fault {
    jumps("clock of the database jumps", Target::Database, dice)
}

fn of_an_orchestrator(dice: &mut Rng) -> Fault {
    let target = Target::Orchestrator(dice.usize(..ORCHESTRATORS));
    jumps("clock of an orchestrator jumps", target, dice)
}

fn of_a_pod(dice: &mut Rng) -> Fault {
    let target = Target::Pod(dice.usize(..PODS));
    jumps("clock of a pod jumps", target, dice)
}
