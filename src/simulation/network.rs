//! The network between pods and orchestrators: what is late, lost, doubled, or cut off.

use std::time::Duration;

use uuid::Uuid;

use super::message::{Answer, Asked, Caller};
use super::world::{Event, World};
use crate::domain::command::Command;
use crate::orchestrator::request::{Actor, Submission};

/// Who cannot be reached by whom until when.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cut {
    pub(super) out: Duration,
    pub(super) into: Duration,
}

impl World {
    pub(super) fn delay(&mut self) -> Duration {
        if self.calm || self.plan.pods_are_well {
            return self.dice.between(Duration::from_micros(100), Duration::from_millis(4));
        }
        match self.dice.below(1000) {
            0..=2 => self.dice.millis(1000, 8000),
            3..=40 => self.dice.millis(50, 400),
            41..=160 if self.now < self.noise_until => self.dice.millis(50, 2000),
            _ => self.dice.between(Duration::from_micros(100), Duration::from_millis(4)),
        }
    }

    pub(super) fn gets_through(&mut self, pod: usize, out: bool) -> bool {
        let name = self.name_of(pod);
        let cut = &self.cuts[name];
        let cut = if out { cut.out } else { cut.into } > self.now && self.current[name] == pod;
        let loss = match () {
            () if self.calm || self.plan.pods_are_well => 0,
            () if self.now < self.noise_until => 300_000,
            () => 5_000,
        };
        !cut && !self.dice.roll(loss)
    }

    pub(super) fn name_of(&self, pod: usize) -> usize {
        self.pods[pod].holder.pod.as_str()[4..].parse().expect("a number")
    }

    pub(super) fn send(&mut self, pod: usize, asked: &Asked) {
        let copies = 1 + u8::from(!self.calm && self.dice.roll(10_000));
        for copy in 0..copies {
            if self.gets_through(pod, true) {
                let node = if copy == 0 { self.pods[pod].asks } else { self.dice.index(self.nodes.len()) };
                let delay = self.delay();
                self.after(delay, Event::Request(node, asked.clone()));
            }
        }
    }

    pub(super) fn send_answer(&mut self, caller: &Caller, answer: &Answer) {
        let Some(pod) = caller.pod() else { return };
        let copies = 1 + u8::from(!self.calm && self.dice.roll(10_000));
        for _ in 0..copies {
            if self.gets_through(pod, false) {
                let delay = self.delay();
                self.after(delay, Event::Deliver(caller.clone(), answer.clone()));
            }
        }
    }

    pub(super) fn asked(command: Command, caller: Caller, receipt: Option<String>) -> Asked {
        let actor = Actor { name: "somebody".into(), access_token: None };
        Asked { submission: Submission { command, actor, request_id: Uuid::now_v7() }, caller, receipt }
    }
}
