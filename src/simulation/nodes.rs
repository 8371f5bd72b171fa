//! Orchestrators as machines: their clocks, pauses and restarts, and what they want done.

use std::time::Duration;

use tokio::time::Instant;

use super::clock::Clock;
use super::message::{Answer, Asked, Do};
use super::orchestrator::Orchestrator;
use super::world::{Event, World};
use crate::domain::command::Command;

pub(super) struct Node {
    pub(super) it: Orchestrator,
    pub(super) clock: Clock,
    /// Counts its starts. What was meant for an earlier one is lost.
    pub(super) start: u64,
    pub(super) up: bool,
    pub(super) paused_until: Duration,
    pub(super) blind_until: Duration,
    /// When it is woken next.
    pub(super) turn_at: Duration,
}

impl Node {
    pub(super) fn new(it: Orchestrator, clock: Clock, start: u64) -> Self {
        let never = Duration::ZERO;
        Self { it, clock, start, up: true, paused_until: never, blind_until: never, turn_at: never }
    }

    /// For how long it does nothing yet.
    pub(super) fn stands_still(&self, now: Duration) -> Option<Duration> {
        self.paused_until.checked_sub(now).filter(|wait| !wait.is_zero())
    }
}

impl World {
    /// Wakes an orchestrator, unless it is woken before.
    pub(super) fn wake(&mut self, node: usize, wait: Duration) {
        let (at, known) = (self.now + wait, self.nodes[node].turn_at);
        if known <= self.now || at < known {
            self.nodes[node].turn_at = at;
            self.after(wait, Event::Turn(node));
        }
    }

    pub(super) fn instant(&self, node: usize) -> Instant {
        self.base + self.nodes[node].clock.reads(self.now)
    }

    /// Lets an orchestrator act, and does what it wants done.
    pub(super) fn with(&mut self, node: usize, act: impl FnOnce(&mut Orchestrator, Instant, &mut Vec<Do>)) {
        if !self.nodes[node].up {
            return;
        }
        let now = self.instant(node);
        let mut out = Vec::new();
        act(&mut self.nodes[node].it, now, &mut out);
        for deed in out {
            match deed {
                Do::Ask(history, query) => {
                    let (start, delay) = (self.nodes[node].start, self.delay_of_the_database());
                    self.after(delay, Event::Query(node, start, history, query));
                }
                Do::Answer(caller, answer, history, events) => {
                    self.invariants.answered(&self.log, history, &events);
                    self.send_answer(&caller, &answer);
                }
                Do::Push(pod, push) => {
                    if let Some((_, number)) = self.pods[pod].stream.filter(|(at, _)| *at == node)
                        && self.gets_through(pod, false)
                    {
                        let delay = self.delay();
                        self.after(delay, Event::Push(pod, number, push));
                    }
                }
                Do::Wake(at) => {
                    let reading = at.saturating_duration_since(self.base);
                    let wait = self.nodes[node].clock.when(reading).saturating_sub(self.now);
                    self.wake(node, wait.max(Duration::from_micros(100)));
                }
            }
        }
    }

    pub(super) fn request(&mut self, node: usize, mut asked: Asked) {
        if let Some(wait) = self.nodes[node].stands_still(self.now) {
            return self.after(wait, Event::Request(node, asked));
        }
        if !self.nodes[node].up {
            // The connection is refused, which is noticed at once.
            return self.send_answer(&asked.caller, &Answer::Unavailable);
        }
        if let Command::Heartbeat(heartbeat) = &mut asked.submission.command {
            let seen = asked.receipt.as_deref().and_then(|receipt| self.nodes[node].it.state.receipts.read(receipt));
            heartbeat.seen = seen.map(|seen| (seen.epoch, seen.ledger_position));
        }
        self.with(node, |it, now, out| {
            it.take(asked);
            it.turn(now, out);
        });
    }

    pub(super) fn listen(&mut self, node: usize, pod: usize, number: u64) {
        if let Some(wait) = self.nodes[node].stands_still(self.now) {
            return self.after(wait, Event::Listen(node, pod, number));
        }
        let holder = self.pods[pod].holder.clone();
        let known = self.nodes[node].it.state.fleet.pod(&holder.pod).filter(|(_, registration)| registration.holder == holder);
        let open = self.nodes[node].up && self.nodes[node].it.is_following() && self.pods[pod].stream == Some((node, number));
        match known.map(|(id, _)| id).filter(|_| open) {
            Some(id) => self.with(node, |it, _, out| it.listen(pod, id, holder, out)),
            None if self.pods[pod].stream == Some((node, number)) => self.pods[pod].stream = None,
            None => {}
        }
    }

    pub(super) fn start_orchestrator(&mut self, node: usize) {
        let clock = Clock::new(&mut self.dice);
        let it = Orchestrator::new(self.base + clock.reads(self.now), self.metrics.clone());
        let start = self.nodes[node].start + 1;
        self.nodes[node] = Node::new(it, clock, start);
        self.wake(node, Duration::ZERO);
    }
}
