//! What goes wrong, and when: a list that is made before the run, so that a shorter list is a smaller case of the same run.

use std::time::Duration;

use super::dice::Dice;

/// Numbers of pods and orchestrators count names, not processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The process stands still, and another of the same name is started if so.
    PausePod {
        pod: usize,
        lasts: Duration,
        replaced: bool,
    },
    /// Nothing gets through: out of the pod, into it, or both.
    CutPod {
        pod: usize,
        lasts: Duration,
        out: bool,
        into: bool,
    },
    KillPod {
        pod: usize,
        back_after: Duration,
    },
    /// SIGTERM: it drains itself and ends.
    TerminatePod {
        pod: usize,
        back_after: Duration,
    },
    Drain {
        pod: usize,
        lasts: Duration,
    },
    Move {
        adapter: usize,
        pod: usize,
    },
    Disable {
        adapter: usize,
        lasts: Duration,
    },
    Revise {
        adapter: usize,
        ttl_ms: u32,
    },
    PauseOrchestrator {
        orchestrator: usize,
        lasts: Duration,
    },
    RestartOrchestrator {
        orchestrator: usize,
        back_after: Duration,
    },
    /// It cannot reach the database.
    LoseSight {
        orchestrator: usize,
        lasts: Duration,
    },
    Outage {
        lasts: Duration,
    },
    AllOrchestratorsGone {
        back_after: Duration,
    },
    /// Replies of the database get lost after it did as it was asked.
    LoseReplies {
        lasts: Duration,
    },
    Noise {
        lasts: Duration,
    },
    /// The database comes back without its last rows.
    LoseHistory {
        rows: usize,
        promoted: bool,
        down: Duration,
        forgotten: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: Duration,
    pub(super) kind: Kind,
}

/// How large the world is and what may happen in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) pods: usize,
    pub(super) orchestrators: usize,
    pub(super) adapters: usize,
    pub(super) lasts: Duration,
    /// Time between faults, on average.
    pub(super) every: Duration,
    /// Only the control plane has faults, one orchestrator at a time or all at once.
    pub(super) pods_are_well: bool,
}

impl Plan {
    pub(super) fn faults(&self) -> Vec<Fault> {
        let mut dice = Dice::new(self.seed, 1);
        let mut faults = Vec::new();
        let mut at = Duration::from_secs(if self.pods_are_well { 12 } else { 3 });
        while at < self.lasts {
            let kind = if self.pods_are_well { self.of_the_control_plane(&mut dice) } else { self.any(&mut dice) };
            faults.push(Fault { at, kind });
            at += dice.between(Duration::ZERO, self.every * 2);
            if self.pods_are_well {
                at += Duration::from_secs(20);
            }
        }
        faults
    }

    pub(super) fn ttl_ms(&self, dice: &mut Dice) -> u32 {
        let choices: &[u32] = if self.pods_are_well { &[2000, 3000, 5000] } else { &[500, 500, 700, 1000, 2000] };
        choices[dice.index(choices.len())]
    }

    fn any(&self, dice: &mut Dice) -> Kind {
        let (pod, orchestrator, adapter) = (dice.index(self.pods), dice.index(self.orchestrators), dice.index(self.adapters));
        let lasts = if dice.roll(500_000) { dice.millis(50, 600) } else { dice.millis(500, 5000) };
        match dice.below(32) {
            0..=4 => Kind::PausePod { pod, lasts, replaced: dice.roll(300_000) },
            5..=8 => {
                let direction = dice.below(3);
                Kind::CutPod { pod, lasts, out: direction != 0, into: direction != 1 }
            }
            9..=11 => Kind::KillPod { pod, back_after: lasts },
            12 => Kind::TerminatePod { pod, back_after: lasts },
            13..=14 => Kind::Drain { pod, lasts },
            15..=16 => Kind::Move { adapter, pod },
            17..=18 => Kind::Disable { adapter, lasts },
            19 => Kind::Revise { adapter, ttl_ms: self.ttl_ms(dice) },
            20..=21 => Kind::PauseOrchestrator { orchestrator, lasts },
            22..=23 => Kind::RestartOrchestrator { orchestrator, back_after: lasts },
            24 => Kind::LoseSight { orchestrator, lasts },
            25 => Kind::Outage { lasts },
            26 => Kind::AllOrchestratorsGone { back_after: lasts },
            27 => Kind::LoseReplies { lasts },
            28 => Kind::Noise { lasts },
            _ => {
                let rows = if dice.roll(700_000) { dice.index(60) } else { dice.index(600) };
                let down = if dice.roll(500_000) { dice.millis(0, 50) } else { dice.millis(50, 3000) };
                Kind::LoseHistory { rows, promoted: dice.roll(500_000), down, forgotten: dice.roll(300_000) }
            }
        }
    }

    fn of_the_control_plane(&self, dice: &mut Dice) -> Kind {
        let orchestrator = dice.index(self.orchestrators);
        let lasts = dice.millis(50, 15_000);
        match dice.below(7) {
            0 | 1 => Kind::PauseOrchestrator { orchestrator, lasts: lasts.min(Duration::from_secs(5)) },
            2 => Kind::RestartOrchestrator { orchestrator, back_after: lasts.min(Duration::from_secs(5)) },
            3 => Kind::LoseSight { orchestrator, lasts: lasts.min(Duration::from_secs(5)) },
            4 => Kind::Outage { lasts },
            5 => Kind::AllOrchestratorsGone { back_after: lasts },
            _ => Kind::LoseHistory { rows: 0, promoted: true, down: dice.millis(0, 200), forgotten: dice.roll(300_000) },
        }
    }
}
