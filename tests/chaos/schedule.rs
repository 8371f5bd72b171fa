//! Which faults, and when: worked out from a seed before anything starts, so that a run can be had again.

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

/// Of three faults one comes with another at the same time.
const PAIRS: u8 = 3;

pub fn plan(seed: u64, duration: Duration, only: Option<&str>) -> Vec<Planned> {
    let mut dice = Rng::with_seed(seed);
    let mut kinds = faults::all();
    if let Some(only) = only {
        kinds.retain(|make| make(&mut Rng::with_seed(0)).kind.contains(only));
    }
    assert!(!kinds.is_empty(), "no kind of fault is called so");
    let mut bag = Vec::new();
    let mut planned = Vec::new();
    let mut at = Duration::from_millis(1500);
    while at < duration {
        let first = draw(&mut dice, &mut bag, &kinds);
        let mut until = at + first.lasts();
        if dice.u8(..PAIRS) == 0 {
            let second = draw(&mut dice, &mut bag, &kinds);
            let beside = at + first.lasts().mul_f64(dice.f64() * 0.8);
            if first.collides(&second) {
                planned.push(Planned { at: until + Duration::from_millis(200), fault: second.clone() });
                until += Duration::from_millis(200) + second.lasts();
            } else {
                until = until.max(beside + second.lasts());
                planned.push(Planned { at: beside, fault: second });
            }
        }
        planned.push(Planned { at, fault: first });
        at = until + Duration::from_millis(dice.u64(100..500));
    }
    planned.sort_by_key(|planned| planned.at);
    planned
}

/// Every kind comes before any comes again.
fn draw(dice: &mut Rng, bag: &mut Vec<Maker>, kinds: &[Maker]) -> Fault {
    if bag.is_empty() {
        bag.extend_from_slice(kinds);
        dice.shuffle(bag);
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
    fn every_kind_comes_within_minutes() {
        let kinds: std::collections::BTreeSet<_> =
            plan(1, Duration::from_mins(4), None).into_iter().map(|planned| planned.fault.kind).collect();
        assert_eq!(kinds.len(), faults::all().len());
    }
}
