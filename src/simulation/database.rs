//! The way to the database: what is asked of it may come late, be refused, or be done and its reply lost.

use std::time::Duration;

use super::message::{Query, Reply};
use super::world::{Event, World};
use crate::domain::event::Recorded;
use crate::log::{Entry, Outcome};

impl World {
    pub(super) fn query(&mut self, node: usize, start: u64, history: u64, query: Query) {
        let find = matches!(query, Query::Find(_));
        if self.now < self.down_until.max(self.nodes[node].blind_until) || (!find && history != self.log.history) {
            let delay = if self.dice.roll(100_000) { self.dice.millis(50, 2000) } else { self.dice.millis(0, 50) };
            return self.after(delay, Event::Reply(node, start, Reply::Broken));
        }
        let before = self.log.position();
        let reply = match query {
            Query::Find(last) => Reply::Found(Box::new(self.log.find(last))),
            Query::Tail(after, recall) => {
                let recalled = recall.into_iter().map(|id| (id, self.log.carried(id))).collect();
                Reply::Tail(self.log.tail(after), recalled)
            }
            Query::Append(batch, condition) => {
                let outcome = self.log.append(&batch, &condition);
                let outcome = self.judge(outcome);
                self.invariants.counts.conflicts += u64::from(outcome == Outcome::Conflict);
                Reply::Outcome(outcome)
            }
            Query::Begin(batch, condition, epoch) => {
                let begun = self.log.begin_epoch(&batch, &condition, epoch).map(|recorded| (Outcome::Conflict, recorded));
                self.judge(begun);
                Reply::Done
            }
            Query::Locked => self.expire_under_lock(node, start),
        };
        self.note_pulses(before);
        if self.log.position() > before {
            self.ring(node);
        }
        let unlucky =
            !self.calm && !self.plan.pods_are_well && self.dice.roll(if self.now < self.replies_lost_until { 200_000 } else { 300 });
        let reply = if unlucky {
            self.invariants.counts.unknown_outcomes += 1;
            Reply::Broken
        } else {
            reply
        };
        let delay = self.delay_of_the_database();
        self.after(delay, Event::Reply(node, start, reply));
    }

    pub(super) fn delay_of_the_database(&mut self) -> Duration {
        match self.dice.below(1000) {
            0 if !self.calm && !self.plan.pods_are_well => self.dice.millis(200, 1500),
            1..=10 if !self.calm => self.dice.millis(10, 80),
            _ => self.dice.between(Duration::from_micros(100), Duration::from_millis(2)),
        }
    }

    pub(super) fn expire_under_lock(&mut self, node: usize, start: u64) -> Reply {
        if self.nodes[node].start != start || !self.nodes[node].up {
            return Reply::Broken;
        }
        self.invariants.counts.locked_expiries += 1;
        let now = self.instant(node);
        let entries = self.log.tail(self.nodes[node].it.state.position);
        let (batch, condition) = self.nodes[node].it.expiries_under_lock(entries, now);
        if !batch.is_empty() {
            let outcome = self.log.append(&batch, &condition);
            self.judge(outcome);
        }
        // What it appended it reads back at its next look.
        Reply::Done
    }

    pub(super) fn judge(&mut self, outcome: Result<(Outcome, Vec<Recorded>), String>) -> Outcome {
        match outcome {
            Ok((outcome, recorded)) => {
                self.tell_appended(&recorded);
                self.invariants.appended(&recorded, self.now);
                outcome
            }
            Err(refused) => {
                self.invariants.fail(|| format!("the database refuses what was decided: {refused}"));
                Outcome::Conflict
            }
        }
    }

    pub(super) fn note_pulses(&mut self, before: i64) {
        let fleet = self.log.fleet();
        for entry in self.log.tail(before) {
            if let Entry::Pulse(pulse) = entry {
                let holders =
                    pulse.registrations.iter().filter_map(|id| fleet.registration(*id)).map(|registration| registration.holder.clone());
                self.invariants.heard(holders, self.now);
            }
        }
    }

    /// NOTIFY, which gets lost now and then.
    pub(super) fn ring(&mut self, by: usize) {
        for node in 0..self.nodes.len() {
            if node != by && self.nodes[node].up && !self.dice.roll(100_000) {
                let now = self.instant(node);
                if self.nodes[node].paused_until <= self.now {
                    self.nodes[node].it.rung(now);
                    let delay = self.dice.between(Duration::from_micros(100), Duration::from_millis(2));
                    self.wake(node, delay);
                }
            }
        }
    }
}
