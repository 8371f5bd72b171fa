//! One run from its plan to its verdict, and the search for the smallest list of faults that still fails.

use std::time::Duration;

use super::faults::{Fault, Plan};
use super::invariants::Counts;
use super::network::Cut;
use super::pod::Life;
use super::shapes;
use super::world::World;
use crate::domain::command::Command;
use crate::domain::name::SessionId;

/// What came of a run.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    pub(super) counts: Counts,
    pub(super) violation: Option<String>,
    /// True time at which it ended.
    pub(super) at: Duration,
}

/// When a run has begun in earnest.
const SETTLED: Duration = Duration::from_secs(10);

/// How exactly the time of a takeover is taken.
const LOOK: Duration = Duration::from_millis(5);

/// How many shorter lists are tried at most.
const TRIES: usize = 80;

pub(super) fn run(plan: Plan, faults: Vec<Fault>) -> Verdict {
    run_told(plan, faults, None)
}

/// The same, and everything about one session is told.
pub(super) fn run_told(plan: Plan, faults: Vec<Fault>, traced: Option<SessionId>) -> Verdict {
    let mut world = World::new(plan, faults, traced);
    // Until the first adapters are declared pods heartbeat at their slowest, and one with a short timeout finds them silent.
    world.invariants.pods_are_well = false;
    world.run_until(SETTLED);
    world.invariants.pods_are_well = plan.pods_are_well;
    world.run_until(plan.lasts);
    world.heal();
    world.run_until(plan.lasts + Duration::from_secs(30));
    if let Some(standing) = world.standing() {
        world.invariants.fail(|| format!("I8: {standing} 30 s after all faults had ended"));
    }
    world.somebody_dies();
    Verdict { counts: world.invariants.counts, violation: world.invariants.violation.take(), at: world.now }
}

impl World {
    /// Nothing goes wrong any more, and people put in order what was left undone.
    fn heal(&mut self) {
        self.calm = true;
        (self.down_until, self.noise_until, self.replies_lost_until) = (self.now, self.now, self.now);
        self.cuts.fill(Cut::default());
        for node in 0..self.nodes.len() {
            self.nodes[node].blind_until = self.now;
            self.nodes[node].paused_until = self.now;
            if !self.nodes[node].up {
                self.start_orchestrator(node);
            }
        }
        for pod in &mut self.pods {
            if pod.life == Life::Paused {
                pod.life = Life::Runs;
            }
        }
        for name in 0..self.plan.pods {
            if self.pods[self.current[name]].draining {
                self.kill(name);
            }
            if self.pods[self.current[name]].life == Life::Over {
                self.start_pod(name);
            }
        }
        for wait in [2, 8] {
            self.run_until(self.plan.lasts + Duration::from_secs(wait));
            for name in 0..self.plan.pods {
                self.order(Command::Undrain { pod: shapes::holder(name, 0).pod });
            }
            for adapter in 0..self.plan.adapters {
                self.put(adapter, if self.plan.pods_are_well { 2000 } else { 1000 }, Some(true));
            }
        }
    }

    /// A session that should run and does not.
    fn standing(&self) -> Option<String> {
        let fleet = self.log.fleet();
        fleet.sessions().filter(|(session, _)| fleet.wants(session)).find_map(|(session, entry)| {
            let owner = entry.lease.as_ref().map(|lease| (&lease.holder, lease.token));
            let runs = owner.is_some_and(|(holder, token)| {
                let pod = self.pods.iter().find(|pod| pod.holder == *holder && pod.life == Life::Runs);
                pod.and_then(|pod| pod.runs.get(session).map(|run| (pod, run)))
                    .is_some_and(|(pod, run)| run.token == token && (!run.exclusive || pod.believes(session, self.now)))
            });
            (!runs).then(|| format!("{session} does not run (owner by the log: {owner:?})"))
        })
    }

    /// I8: the pod with the most sessions is killed, and where there are enough of them another one soon after, which may just have
    /// been given what the first one had. Within the longest timeout and a second everything runs elsewhere.
    fn somebody_dies(&mut self) {
        // For these nothing is unfair any more.
        self.invariants.pods_are_well = false;
        self.kill_the_busiest();
        if self.plan.pods > 2 {
            let later = self.now + self.dice.millis(0, 1200);
            self.run_until(later);
            self.kill_the_busiest();
        }
        let died = self.now;
        let ttl = self.log.fleet().longest_ttl().map_or(Duration::ZERO, |ttl| ttl.as_duration() * 102 / 100);
        while let Some(standing) = self.standing().filter(|_| self.invariants.violation.is_none()) {
            if self.now > died + ttl + Duration::from_secs(1) {
                self.invariants.fail(|| format!("I8: {standing} its timeout and a second after its pod had died"));
            }
            self.run_until(self.now + LOOK);
        }
        self.invariants.counts.slowest_takeover = self.now.saturating_sub(died + ttl);
    }

    fn kill_the_busiest(&mut self) {
        let fleet = self.log.fleet();
        let sessions = |name: &usize| {
            let pod = &self.pods[self.current[*name]];
            let registered = fleet.pod(&pod.holder.pod).filter(|(_, registration)| registration.holder == pod.holder);
            (pod.life == Life::Runs).then(|| registered.map_or(0, |(_, registration)| registration.leases.len()))
        };
        if let Some(busiest) = (0..self.plan.pods).filter(|name| sessions(name).is_some()).max_by_key(sessions) {
            self.kill(busiest);
        }
    }
}

/// Leaves out faults as long as what is left still fails: first the later ones, then each by itself.
pub(super) fn shrink(plan: Plan, mut faults: Vec<Fault>) -> (Vec<Fault>, Verdict) {
    let mut last = run(plan, faults.clone());
    let Some(first) = last.violation.clone() else { return (faults, last) };
    let rule = first.split(':').next().map(str::to_owned);
    let still = |verdict: &Verdict| verdict.violation.as_ref().and_then(|violation| violation.split(':').next().map(str::to_owned)) == rule;
    faults.retain(|fault| fault.at <= last.at);
    let (mut tries, mut size) = (0, faults.len().div_ceil(2));
    while size > 0 && tries < TRIES {
        let mut end = faults.len();
        while end > 0 && tries < TRIES {
            let begin = end.saturating_sub(size);
            let fewer: Vec<Fault> = faults.iter().take(begin).chain(faults.iter().skip(end)).copied().collect();
            let verdict = run(plan, fewer.clone());
            tries += 1;
            if still(&verdict) {
                (faults, last) = (fewer, verdict);
            }
            end = begin;
        }
        size /= 2;
    }
    (faults, last)
}
