//! Which faults, and when: worked out from a seed before anything starts, so that a run can be had again.

use std::collections::BTreeSet;
use std::time::Duration;

use fastrand::Rng;

use crate::faults::{self, Fault, Maker, Step};

/// A fault with the time at which it begins.
#[derive(Debug, Clone)]
pub struct Planned {
    pub at: Duration,
    pub fault: Fault,
}

/// One step of one fault.
#[derive(Debug, Clone)]
pub struct Due {
    pub at: Duration,
    /// Index of the fault.
    pub fault: usize,
    pub step: Step,
    pub first: bool,
    pub last: bool,
}

/// How many others come together with a fault, each with the same chance. Alone, so that what it does is seen; and in company.
const COMPANY: [usize; 8] = [0, 1, 2, 2, 3, 3, 3, 3];

pub fn plan(seed: u64, duration: Duration, only: Option<&str>) -> Vec<Planned> {
    let mut dice = Rng::with_seed(seed);
    let mut kinds = faults::all();
    if let Some(only) = only {
        kinds.retain(|make| make(&mut Rng::with_seed(0)).kind.contains(only));
    }
    assert!(!kinds.is_empty(), "no kind of fault is called so");
    let mut bag = Vec::new();
    let mut known = BTreeSet::new();
    let mut planned: Vec<Planned> = Vec::new();
    let mut at = Duration::from_millis(1500);
    while at < duration {
        let mut together = vec![Planned { at, fault: draw(&mut dice, &mut bag, &kinds) }];
        let company = if stays_alone(&together[0].fault, &known) { 0 } else { COMPANY[dice.usize(..COMPANY.len())] };
        for _ in 0..company {
            if let Some(fault) = beside(&mut dice, &mut bag, &together, &known) {
                let at = at + together[0].fault.lasts().mul_f64(dice.f64() * 0.8);
                together.push(Planned { at, fault });
            }
        }
        known.extend(together.iter().map(|planned| planned.fault.kind));
        let end = together.iter().map(|other| other.at + other.fault.lasts()).max().unwrap_or(at);
        at = end + Duration::from_millis(dice.u64(50..250));
        planned.append(&mut together);
    }
    planned.sort_by_key(|planned| planned.at);
    planned
}

/// What is measured is alone the first time at least: even a short run shows what comes of it.
fn stays_alone(fault: &Fault, known: &BTreeSet<&str>) -> bool {
    fault.alone || (fault.measured && !known.contains(fault.kind))
}

/// The next in the bag that has no part in common with those: two on one part would undo each other's steps.
fn beside(dice: &mut Rng, bag: &mut Vec<Maker>, together: &[Planned], known: &BTreeSet<&str>) -> Option<Fault> {
    for index in (0..bag.len()).rev() {
        let fault = bag[index](dice);
        if !stays_alone(&fault, known) && together.iter().all(|other| !other.fault.collides(&fault)) {
            bag.remove(index);
            return Some(fault);
        }
    }
    None
}

/// Every kind comes before any comes again, but for a few at the end of a round, among which company is hard to find.
fn draw(dice: &mut Rng, bag: &mut Vec<Maker>, kinds: &[Maker]) -> Fault {
    if bag.len() < kinds.len() / 5 + 1 {
        let mut round = kinds.to_vec();
        dice.shuffle(&mut round);
        bag.splice(..0, round);
    }
    bag.pop().expect("just filled")(dice)
}

/// All steps in time.
pub fn steps(planned: &[Planned]) -> Vec<Due> {
    let mut all = Vec::new();
    for (fault, Planned { at, fault: Fault { steps, .. } }) in planned.iter().enumerate() {
        let last = steps.len() - 1;
        let due = |(index, (after, step)): (usize, &(Duration, Step))| Due {
            at: *at + *after,
            fault,
            step: step.clone(),
            first: index == 0,
            last: index == last,
        };
        all.extend(steps.iter().enumerate().map(due));
    }
    all.sort_by_key(|due| due.at);
    all
}

mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_schedule() {
        let plan = |seed| format!("{:?}", plan(seed, Duration::from_mins(2), None));
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
    }

    #[test]
    fn an_hour_has_two_thousand_faults() {
        for seed in 1..=5 {
            let faults = plan(seed, Duration::from_hours(1), None).len();
            assert!(faults >= 2000, "{faults} with seed {seed}");
        }
    }

    #[test]
    fn every_kind_comes_within_minutes() {
        let kinds: BTreeSet<_> = plan(1, Duration::from_mins(4), None).into_iter().map(|planned| planned.fault.kind).collect();
        assert_eq!(kinds.len(), faults::all().len());
    }
}
