//! Everything of one run: the parts, true time, and the messages that are on their way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::clock::Clock;
use super::dice::Dice;
use super::faults::{Fault, Plan};
use super::invariants::Invariants;
use super::log::Log;
use super::message::{Answer, Asked, Caller, Query, Reply};
use super::network::Cut;
use super::nodes::Node;
use super::orchestrator::Orchestrator;
use super::pod::{Life, Pod};
use crate::domain::name::{Holder, SessionId};
use crate::domain::token::FencingToken;
use crate::orchestrator::metrics::Metrics;
use crate::wire::push::Push;

pub(super) enum Event {
    Fault(usize),
    /// A fault ends, or a later part of it comes.
    After(After),
    Tick(usize),
    Deliver(Caller, Answer),
    /// On the stream with this number.
    Push(usize, u64, Push),
    Closed(usize, SessionId, FencingToken),
    Write(SessionId, FencingToken, Holder),
    Request(usize, Asked),
    Listen(usize, usize, u64),
    /// An orchestrator's question reaches the database.
    Query(usize, u64, u64, Query),
    Reply(usize, u64, Reply),
    Turn(usize),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum After {
    Start(usize),
    StartOrchestrator(usize),
    ResumePod(usize),
    Undrain(usize),
    Enable(usize),
}

pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) faults: Vec<Fault>,
    pub(super) now: Duration,
    pub(super) dice: Dice,
    pub(super) log: Log,
    pub(super) nodes: Vec<Node>,
    pub(super) pods: Vec<Pod>,
    /// The newest process of each name.
    pub(super) current: Vec<usize>,
    pub(super) cuts: Vec<Cut>,
    /// By process: until when it stands still.
    pub(super) paused: Vec<Duration>,
    pub(super) down_until: Duration,
    pub(super) replies_lost_until: Duration,
    pub(super) noise_until: Duration,
    pub(super) calm: bool,
    /// The latest loss may have taken a raised lease timeout along.
    pub(super) raise_lost: bool,
    pub(super) set_up: usize,
    pub(super) invariants: Invariants,
    /// The session of which everything is told.
    pub(super) traced: Option<SessionId>,
    queue: BTreeMap<(Duration, u64), Event>,
    pub(super) serial: u64,
    pub(super) base: Instant,
    pub(super) metrics: Arc<Metrics>,
}
impl World {
    pub(super) fn new(plan: Plan, faults: Vec<Fault>, traced: Option<SessionId>) -> Self {
        let base = Instant::now();
        let mut world = Self {
            plan,
            now: Duration::ZERO,
            dice: Dice::new(plan.seed, 2),
            log: Log::new(),
            nodes: Vec::new(),
            pods: Vec::new(),
            current: Vec::new(),
            cuts: vec![Cut::default(); plan.pods],
            paused: Vec::new(),
            down_until: Duration::ZERO,
            replies_lost_until: Duration::ZERO,
            noise_until: Duration::ZERO,
            calm: false,
            raise_lost: false,
            set_up: 0,
            invariants: Invariants::new(plan.pods_are_well),
            traced,
            queue: BTreeMap::new(),
            serial: 0,
            base,
            metrics: Arc::default(),
            faults,
        };
        for _ in 0..plan.orchestrators {
            let clock = Clock::new(&mut world.dice);
            let it = Orchestrator::new(base + clock.reads(Duration::ZERO), world.metrics.clone());
            world.nodes.push(Node::new(it, clock, 0));
        }
        (0..plan.orchestrators).for_each(|node| world.wake(node, Duration::ZERO));
        for name in 0..plan.pods {
            world.current.push(usize::MAX);
            world.start_pod(name);
        }
        for adapter in 0..plan.adapters {
            world.declare(adapter);
        }
        for (index, fault) in world.faults.clone().into_iter().enumerate() {
            world.after(fault.at, Event::Fault(index));
        }
        world
    }

    pub(super) fn after(&mut self, delay: Duration, event: Event) {
        self.serial += 1;
        self.queue.insert((self.now + delay, self.serial), event);
    }

    /// Runs until this time, or until something is violated.
    pub(super) fn run_until(&mut self, end: Duration) {
        while self.invariants.violation.is_none() {
            let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= end) else { break };
            let ((at, _), event) = entry.remove_entry();
            self.now = at;
            self.invariants.counts.steps += 1;
            self.step(event);
        }
        if self.invariants.violation.is_none() {
            self.now = self.now.max(end);
        }
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::Fault(index) => self.strike(index),
            Event::After(after) => self.go_on(after),
            Event::Tick(pod) => self.tick(pod),
            Event::Closed(pod, session, token) => {
                if let Some(event) = self.awake(pod, Event::Closed(pod, session.clone(), token)) {
                    drop(event);
                    self.pods[pod].closed(session, token);
                }
            }
            Event::Deliver(caller, answer) => self.deliver(caller, answer),
            Event::Push(pod, number, push) => self.push(pod, number, push),
            Event::Write(session, token, by) => self.invariants.written(&session, token, &by),
            Event::Request(node, asked) => self.request(node, asked),
            Event::Listen(node, pod, number) => self.listen(node, pod, number),
            Event::Query(node, start, history, query) => self.query(node, start, history, query),
            Event::Reply(node, start, reply) => {
                if let Some(wait) = self.nodes[node].stands_still(self.now) {
                    return self.after(wait, Event::Reply(node, start, reply));
                }
                if self.nodes[node].start == start && self.nodes[node].up {
                    self.with(node, |it, now, out| it.hear(reply, now, out));
                }
            }
            Event::Turn(node) => {
                if self.nodes[node].turn_at != self.now {
                    return;
                }
                if let Some(wait) = self.nodes[node].stands_still(self.now) {
                    return self.wake(node, wait);
                }
                self.with(node, Orchestrator::turn);
            }
        }
    }

    /// Puts off what comes for a process that stands still, and drops what comes for one that is over.
    pub(super) fn awake(&mut self, pod: usize, event: Event) -> Option<Event> {
        match self.pods[pod].life {
            Life::Runs => Some(event),
            Life::Paused => {
                let wait = self.paused[pod].saturating_sub(self.now) + Duration::from_micros(1);
                self.after(wait, event);
                None
            }
            Life::Over => None,
        }
    }
}
