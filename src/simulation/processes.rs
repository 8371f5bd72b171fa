//! Pods as processes: what they do at each look at their clock, and what reaches them.

use std::time::Duration;

use super::clock::Clock;
use super::message::{Answer, Caller};
use super::pod::{Life, Pod};
use super::shapes;
use super::world::{After, Event, World};
use crate::domain::command::{Command, Leave, Release};
use crate::wire::push::Push;

/// How often a pod looks at what it has to do.
const TICK: Duration = Duration::from_millis(40);

impl World {
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

    pub(super) fn tick(&mut self, pod: usize) {
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

    pub(super) fn speak(&mut self, pod: usize, now: Duration) {
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
        self.send(pod, &asked);
    }

    pub(super) fn run_errands(&mut self, pod: usize, now: Duration) {
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
            let command = Command::Release(Release { holder, sessions: asked.clone(), access_token });
            self.send(pod, &Self::asked(command, Caller::Release { pod, asked }, None));
        } else if self.pods[pod].draining
            && self.pods[pod].releasing
            && self.pods[pod].holds_nothing()
            && self.pods[pod].next_release <= now
        {
            self.pods[pod].next_release = now + Duration::from_millis(200);
            let (holder, access_token) = (self.pods[pod].holder.clone(), shapes::access_token('1'));
            let command = Command::Leave(Leave { holder, access_token });
            self.send(pod, &Self::asked(command, Caller::Errand { pod, leaving: true }, None));
        }
    }

    pub(super) fn send_errand(&mut self, pod: usize, command: Command) {
        self.send(pod, &Self::asked(command, Caller::Errand { pod, leaving: false }, None));
    }

    /// Looks at its lease, and writes; on the way to the downstream the write may be overtaken by anything.
    pub(super) fn write(&mut self, pod: usize) {
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

    pub(super) fn deliver(&mut self, caller: Caller, answer: Answer) {
        let Some(pod) = caller.pod() else { return };
        let Some(Event::Deliver(caller, answer)) = self.awake(pod, Event::Deliver(caller, answer)) else { return };
        if matches!(answer, Answer::Unavailable) {
            self.pods[pod].asks = (self.pods[pod].asks + 1) % self.nodes.len();
        }
        let now = self.pods[pod].clock.reads(self.now);
        let (before, why) = (self.view(pod), answer.summary());
        if self.pods[pod].hear(caller, answer, now) {
            self.tell_belief(pod, before, why);
            self.look_for_others(pod);
        } else {
            self.end(pod);
        }
    }

    /// A process that ends by itself is started again, as whoever runs pods does. One that was asked to end is not expected back
    /// before its time.
    fn end(&mut self, pod: usize) {
        self.tell(|_| format!("{} ends", self.pods[pod].holder));
        self.pods[pod].life = Life::Over;
        self.pods[pod].runs.clear();
        let name = self.name_of(pod);
        if self.current[name] == pod && !self.pods[pod].draining {
            let delay = self.dice.millis(50, 500);
            self.after(delay, Event::After(After::Start(name)));
        }
    }

    pub(super) fn push(&mut self, pod: usize, number: u64, push: Push) {
        let Some(Event::Push(_, _, push)) = self.awake(pod, Event::Push(pod, number, push)) else { return };
        // Whatever is still on its way on a stream that was given up may be read all the same.
        let (before, why) = (self.view(pod), push.event_name());
        self.pods[pod].hear_push(push);
        self.tell_belief(pod, before, why);
        self.look_for_others(pod);
    }

    pub(super) fn look_for_others(&mut self, pod: usize) {
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
