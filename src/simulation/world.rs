//! Everything of one run: the parts, true time, and the messages that are on their way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::clock::Clock;
use super::dice::Dice;
use super::faults::{Fault, Plan};
use super::invariants::Invariants;
use super::log::Log;
use super::message::{Answer, Asked, Caller, Do, Query, Reply};
use super::orchestrator::Orchestrator;
use super::pod::{Life, Pod};
use super::shapes;
use crate::domain::command::Command;
use crate::domain::name::{Holder, SessionId};
use crate::domain::token::FencingToken;
use crate::log::Outcome;
use crate::orchestrator::metrics::Metrics;
use crate::orchestrator::request::{Actor, Submission};
use crate::wire::push::Push;

/// How often a pod looks at what it has to do.
const TICK: Duration = Duration::from_millis(40);

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
    fn new(it: Orchestrator, clock: Clock, start: u64) -> Self {
        let never = Duration::ZERO;
        Self { it, clock, start, up: true, paused_until: never, blind_until: never, turn_at: never }
    }
}

/// Who cannot be reached by whom until when.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cut {
    pub(super) out: Duration,
    pub(super) into: Duration,
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
    pub(super) set_up: usize,
    pub(super) invariants: Invariants,
    queue: BTreeMap<(Duration, u64), Event>,
    serial: u64,
    base: Instant,
    metrics: Arc<Metrics>,
}

impl World {
    pub(super) fn new(plan: Plan, faults: Vec<Fault>) -> Self {
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
            set_up: 0,
            invariants: Invariants::new(plan.pods_are_well),
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
                if self.nodes[node].paused_until > self.now {
                    let wait = self.nodes[node].paused_until - self.now;
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
                if self.nodes[node].paused_until > self.now {
                    return self.wake(node, self.nodes[node].paused_until - self.now);
                }
                self.with(node, |it, now, out| it.turn(now, out));
            }
        }
    }

    /// Puts off what comes for a process that stands still, and drops what comes for one that is over.
    fn awake(&mut self, pod: usize, event: Event) -> Option<Event> {
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

    /// Wakes an orchestrator, unless it is woken before.
    fn wake(&mut self, node: usize, wait: Duration) {
        let (at, known) = (self.now + wait, self.nodes[node].turn_at);
        if known <= self.now || at < known {
            self.nodes[node].turn_at = at;
            self.after(wait, Event::Turn(node));
        }
    }

    fn instant(&self, node: usize) -> Instant {
        self.base + self.nodes[node].clock.reads(self.now)
    }

    fn with(&mut self, node: usize, act: impl FnOnce(&mut Orchestrator, Instant, &mut Vec<Do>)) {
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
                    self.send_answer(caller, answer);
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

    // The network.

    fn delay(&mut self) -> Duration {
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

    fn delay_of_the_database(&mut self) -> Duration {
        match self.dice.below(1000) {
            0 if !self.calm && !self.plan.pods_are_well => self.dice.millis(200, 1500),
            1..=10 if !self.calm => self.dice.millis(10, 80),
            _ => self.dice.between(Duration::from_micros(100), Duration::from_millis(2)),
        }
    }

    fn gets_through(&mut self, pod: usize, out: bool) -> bool {
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

    fn send(&mut self, pod: usize, asked: Asked) {
        let copies = 1 + u8::from(!self.calm && self.dice.roll(10_000));
        for copy in 0..copies {
            if self.gets_through(pod, true) {
                let node = if copy == 0 { self.pods[pod].asks } else { self.dice.index(self.nodes.len()) };
                let delay = self.delay();
                self.after(delay, Event::Request(node, asked.clone()));
            }
        }
    }

    fn send_answer(&mut self, caller: Caller, answer: Answer) {
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

    // Orchestrators.

    fn request(&mut self, node: usize, mut asked: Asked) {
        if self.nodes[node].paused_until > self.now {
            let wait = self.nodes[node].paused_until - self.now;
            return self.after(wait, Event::Request(node, asked));
        }
        if !self.nodes[node].up {
            // The connection is refused, which is noticed at once.
            return self.send_answer(asked.caller, Answer::Unavailable);
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

    fn listen(&mut self, node: usize, pod: usize, number: u64) {
        if self.nodes[node].paused_until > self.now {
            return self.after(self.nodes[node].paused_until - self.now, Event::Listen(node, pod, number));
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

    fn query(&mut self, node: usize, start: u64, history: u64, query: Query) {
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

    fn expire_under_lock(&mut self, node: usize, start: u64) -> Reply {
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

    fn judge(&mut self, outcome: Result<(Outcome, Vec<crate::domain::event::Recorded>), String>) -> Outcome {
        match outcome {
            Ok((outcome, recorded)) => {
                self.invariants.appended(&recorded, self.now);
                outcome
            }
            Err(refused) => {
                self.invariants.fail(|| format!("the database refuses what was decided: {refused}"));
                Outcome::Conflict
            }
        }
    }

    fn note_pulses(&mut self, before: i64) {
        let fleet = self.log.fleet();
        for entry in self.log.tail(before) {
            if let crate::log::Entry::Pulse(pulse) = entry {
                let holders =
                    pulse.registrations.iter().filter_map(|id| fleet.registration(*id)).map(|registration| registration.holder.clone());
                self.invariants.heard(holders, self.now);
            }
        }
    }

    /// NOTIFY, which gets lost now and then.
    fn ring(&mut self, by: usize) {
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

    pub(super) fn start_orchestrator(&mut self, node: usize) {
        let clock = Clock::new(&mut self.dice);
        let it = Orchestrator::new(self.base + clock.reads(self.now), self.metrics.clone());
        let start = self.nodes[node].start + 1;
        self.nodes[node] = Node::new(it, clock, start);
        self.wake(node, Duration::ZERO);
    }

    // Pods.

    pub(super) fn start_pod(&mut self, name: usize) {
        let number = self.pods.len();
        let clock = Clock::new(&mut self.dice);
        let asks = self.dice.index(self.nodes.len());
        self.pods.push(Pod::new(shapes::holder(name, number as u64), clock, asks));
        self.paused.push(Duration::ZERO);
        self.current[name] = number;
        let delay = self.dice.millis(0, 100);
        self.after(delay, Event::Tick(number));
    }

    fn tick(&mut self, pod: usize) {
        if self.awake(pod, Event::Tick(pod)).is_none() {
            return;
        }
        let jitter = self.dice.between(TICK / 2, TICK);
        self.after(jitter, Event::Tick(pod));
        let now = self.pods[pod].clock.reads(self.now);
        if self.pods[pod].waiting.is_some_and(|(_, until)| until <= now) {
            self.pods[pod].waiting = None;
            self.pods[pod].asks = (self.pods[pod].asks + 1) % self.nodes.len();
        }
        if self.pods[pod].waiting.is_none() && self.pods[pod].next_beat <= now {
            self.speak(pod, now);
        }
        self.run_errands(pod, now);
        self.write(pod);
    }

    fn speak(&mut self, pod: usize, now: Duration) {
        self.serial += 1;
        let number = self.serial;
        let asked = if self.pods[pod].registered {
            let (command, caller, patience) = self.pods[pod].beat(now, pod, number);
            let receipt = self.pods[pod].receipt.as_ref().map(|(_, receipt)| receipt.clone());
            self.pods[pod].waiting = Some((number, now + patience));
            Self::asked(command, caller, receipt)
        } else {
            let holder = self.pods[pod].holder.clone();
            self.pods[pod].waiting = Some((number, now + Duration::from_millis(500)));
            self.pods[pod].next_beat = now + Duration::from_millis(100);
            Self::asked(self.pods[pod].registration(), Caller::Registration { pod, number, sent: now, holder }, None)
        };
        self.send(pod, asked);
    }

    fn run_errands(&mut self, pod: usize, now: Duration) {
        if self.pods[pod].registered && self.pods[pod].stream.is_none() {
            self.serial += 1;
            let (node, number) = (self.dice.index(self.nodes.len()), self.serial);
            self.pods[pod].stream = Some((node, number));
            if self.gets_through(pod, true) {
                let delay = self.delay();
                self.after(delay, Event::Listen(node, pod, number));
            }
        } else if self.dice.roll(2_000) {
            // Streams end now and then, and dead ones are noticed after a while.
            self.pods[pod].stream = None;
        }
        for (session, token) in std::mem::take(&mut self.pods[pod].to_close) {
            let takes = self.dice.millis(1, 300);
            self.after(takes, Event::Closed(pod, session, token));
        }
        let may_release = !self.pods[pod].draining || self.pods[pod].releasing;
        if may_release && !self.pods[pod].closed.is_empty() && self.pods[pod].next_release <= now {
            self.pods[pod].next_release = now + Duration::from_millis(200);
            let asked: Vec<_> = self.pods[pod].closed.iter().cloned().collect();
            let (holder, access_token) = (self.pods[pod].holder.clone(), shapes::access_token('1'));
            let command = Command::Release(crate::domain::command::Release { holder, sessions: asked.clone(), access_token });
            self.send(pod, Self::asked(command, Caller::Release { pod, asked }, None));
        } else if self.pods[pod].draining
            && self.pods[pod].releasing
            && self.pods[pod].holds_nothing()
            && self.pods[pod].next_release <= now
        {
            self.pods[pod].next_release = now + Duration::from_millis(200);
            let (holder, access_token) = (self.pods[pod].holder.clone(), shapes::access_token('1'));
            let command = Command::Leave(crate::domain::command::Leave { holder, access_token });
            self.send(pod, Self::asked(command, Caller::Errand { pod, leaving: true }, None));
        }
    }

    pub(super) fn send_errand(&mut self, pod: usize, command: Command) {
        self.send(pod, Self::asked(command, Caller::Errand { pod, leaving: false }, None));
    }

    /// Looks at its lease, and writes; on the way to the downstream the write may be overtaken by anything.
    fn write(&mut self, pod: usize) {
        let count = self.pods[pod].runs.len();
        let chosen = self.dice.index(count);
        let now = self.pods[pod].clock.reads(self.now);
        let Some((session, run)) = self.pods[pod].runs.iter().nth(chosen).filter(|(_, run)| run.exclusive && now < run.term.until) else {
            return;
        };
        let (session, token, by) = (session.clone(), run.token, self.pods[pod].holder.clone());
        let delay = self.delay();
        self.after(delay, Event::Write(session, token, by));
    }

    fn deliver(&mut self, caller: Caller, answer: Answer) {
        let Some(pod) = caller.pod() else { return };
        let Some(Event::Deliver(caller, answer)) = self.awake(pod, Event::Deliver(caller, answer)) else { return };
        if matches!(answer, Answer::Unavailable) {
            self.pods[pod].asks = (self.pods[pod].asks + 1) % self.nodes.len();
        }
        let now = self.pods[pod].clock.reads(self.now);
        if self.pods[pod].hear(caller, answer, now) {
            self.look_for_others(pod);
        } else {
            self.pods[pod].life = Life::Over;
            self.pods[pod].runs.clear();
        }
    }

    fn push(&mut self, pod: usize, number: u64, push: Push) {
        let Some(Event::Push(_, _, push)) = self.awake(pod, Event::Push(pod, number, push)) else { return };
        // Whatever is still on its way on a stream that was given up may be read all the same.
        self.pods[pod].hear_push(push);
        self.look_for_others(pod);
    }

    fn look_for_others(&mut self, pod: usize) {
        self.invariants.counts.fencings += std::mem::take(&mut self.pods[pod].fenced);
        let now = self.now;
        for session in self.pods[pod].runs.keys().filter(|session| self.pods[pod].believes(session, now)) {
            let other = self.pods.iter().enumerate().find(|(index, other)| *index != pod && other.believes(session, now));
            if let Some((_, other)) = other {
                self.invariants.believers(session, &self.pods[pod].holder, &other.holder);
            }
        }
    }
}
