//! How faults are done, and undone.

use std::time::Duration;

use super::faults::Kind;
use super::message::{Asked, Caller};
use super::pod::Life;
use super::shapes;
use super::world::{After, Event, World};
use crate::domain::command::{Command, Drain, MoveSession, Precondition, PutAdapter, SetEnabled, Targets};
use crate::domain::event::Event as Recorded;
use crate::domain::name::SessionId;
use crate::log::Entry;

impl World {
    pub(super) fn strike(&mut self, index: usize) {
        if self.set_up == 0 {
            self.set_up = self.log.tail(0).len();
        }
        self.tell(|_| format!("{:?}", self.faults[index].kind));
        match self.faults[index].kind {
            Kind::PausePod { pod, lasts, replaced } => self.pause_pod(pod, lasts, replaced),
            Kind::CutPod { pod, lasts, out, into } => {
                let until = self.now + lasts;
                let cut = &mut self.cuts[pod];
                cut.out = if out { until } else { cut.out };
                cut.into = if into { until } else { cut.into };
            }
            Kind::KillPod { pod, back_after } => {
                self.kill(pod);
                self.after(back_after, Event::After(After::Start(pod)));
            }
            Kind::TerminatePod { pod, back_after } => self.terminate(pod, back_after),
            Kind::Drain { pod, lasts } => {
                let pod_name = shapes::holder(pod, 0).pod;
                self.order(Command::Drain(Drain { pod: pod_name, incarnation: None, access_token: None, reason: None }));
                self.after(lasts, Event::After(After::Undrain(pod)));
            }
            Kind::Move { adapter, pod } => {
                let (session, to) = (SessionId::new(shapes::adapter(adapter), 0), shapes::holder(pod, 0).pod);
                self.order(Command::Move(MoveSession { session, to }));
            }
            Kind::Disable { adapter, lasts } => {
                self.set_enabled(adapter, false);
                self.after(lasts, Event::After(After::Enable(adapter)));
            }
            Kind::Revise { adapter, ttl_ms } => self.put(adapter, ttl_ms, None),
            Kind::PauseOrchestrator { orchestrator, lasts } => {
                let until = self.now + lasts;
                self.nodes[orchestrator].paused_until = until;
            }
            Kind::RestartOrchestrator { orchestrator, back_after } => self.stop_orchestrator(orchestrator, back_after),
            Kind::LoseSight { orchestrator, lasts } => self.nodes[orchestrator].blind_until = self.now + lasts,
            Kind::Outage { lasts } => self.down_until = self.now + lasts,
            Kind::AllOrchestratorsGone { back_after } => {
                (0..self.nodes.len()).for_each(|orchestrator| self.stop_orchestrator(orchestrator, back_after));
            }
            Kind::LoseReplies { lasts } => self.replies_lost_until = self.now + lasts,
            Kind::Noise { lasts } => self.noise_until = self.now + lasts,
            Kind::LoseHistory { rows, promoted, down, forgotten } => self.lose_history(rows, promoted, down, forgotten),
        }
    }

    pub(super) fn go_on(&mut self, after: After) {
        match after {
            After::Start(name) => {
                if self.current[name] == usize::MAX || self.pods[self.current[name]].life == Life::Over {
                    self.start_pod(name);
                }
            }
            After::StartOrchestrator(node) => {
                if !self.nodes[node].up {
                    self.start_orchestrator(node);
                }
            }
            After::ResumePod(pod) => {
                if self.pods[pod].life == Life::Paused && self.paused[pod] <= self.now {
                    self.pods[pod].life = Life::Runs;
                }
            }
            After::Undrain(name) => self.order(Command::Undrain { pod: shapes::holder(name, 0).pod }),
            After::Enable(adapter) => self.set_enabled(adapter, true),
        }
    }

    fn pause_pod(&mut self, name: usize, lasts: Duration, replaced: bool) {
        let pod = self.current[name];
        if self.pods[pod].life != Life::Runs {
            return;
        }
        self.pods[pod].life = Life::Paused;
        self.paused[pod] = self.now + lasts;
        self.after(lasts, Event::After(After::ResumePod(pod)));
        if replaced {
            self.start_pod(name);
        }
    }

    pub(super) fn kill(&mut self, name: usize) {
        let pod = self.current[name];
        self.pods[pod].life = Life::Over;
        self.pods[pod].runs.clear();
    }

    fn terminate(&mut self, name: usize, back_after: Duration) {
        let pod = self.current[name];
        if self.pods[pod].life == Life::Runs && self.pods[pod].registered {
            self.pods[pod].drain();
            let holder = self.pods[pod].holder.clone();
            let (incarnation, access_token) = (Some(holder.incarnation), Some(shapes::access_token('1')));
            self.send_errand(pod, Command::Drain(Drain { pod: holder.pod, incarnation, access_token, reason: None }));
        }
        // Long enough to be done, in most cases; whoever is not is killed, as a scheduler does.
        self.after(back_after + Duration::from_secs(1), Event::After(After::Start(name)));
    }

    fn stop_orchestrator(&mut self, node: usize, back_after: Duration) {
        if self.raise_lost && self.log.is_between_epochs() {
            return;
        }
        self.nodes[node].up = false;
        self.nodes[node].paused_until = Duration::ZERO;
        self.after(back_after, Event::After(After::StartOrchestrator(node)));
        for pod in &mut self.pods {
            pod.stream = pod.stream.filter(|(at, _)| *at != node);
        }
    }

    fn lose_history(&mut self, rows: usize, promoted: bool, down: Duration, forgotten: bool) {
        // Left out (ARCHITECTURE, "What is not there yet"): a lease timeout that was raised in lost history, where the orchestrator that
        // begins the epoch does not know of it. So all have to know of it, and nobody forgets it before the epoch has begun.
        let (epoch, raised) = (self.log.fleet().epoch(), self.log.last_raise());
        let known = !forgotten && self.nodes.iter().all(|node| node.up && node.it.knows(epoch, raised));
        let keep = if known { self.set_up } else { self.set_up.max(usize::try_from(raised).expect("a position")) };
        self.raise_lost &= self.log.is_between_epochs();
        let lost = self.log.lose(rows, keep, promoted);
        self.raise_lost |= self.log.position() < raised;
        self.tell_lost(&lost);
        let claims =
            lost.iter().filter(|entry| matches!(entry, Entry::Ledger(recorded) if matches!(recorded.event, Recorded::SessionClaimed(_))));
        let claims = claims.count() as u64;
        self.invariants.lost(&self.log, claims, self.now);
        self.down_until = self.down_until.max(self.now + down);
        if forgotten {
            (0..self.nodes.len()).for_each(|node| self.stop_orchestrator(node, down));
        }
    }

    // What people order. They ask whichever orchestrator there is, and do not ask twice.

    pub(super) fn order(&mut self, command: Command) {
        let node = self.dice.index(self.nodes.len());
        let asked: Asked = Self::asked(command, Caller::Person, None);
        self.after(Duration::from_millis(1), Event::Request(node, asked));
    }

    pub(super) fn set_enabled(&mut self, adapter: usize, enabled: bool) {
        let targets = Targets::Named(vec![shapes::adapter(adapter)]);
        self.order(Command::SetEnabled(SetEnabled { targets, enabled, reason: None }));
    }

    pub(super) fn put(&mut self, adapter: usize, ttl_ms: u32, enabled: Option<bool>) {
        let spec = shapes::spec(adapter, ttl_ms);
        self.order(Command::PutAdapter(PutAdapter { adapter: shapes::adapter(adapter), spec, enabled, precondition: Precondition::None }));
    }

    pub(super) fn declare(&mut self, adapter: usize) {
        let ttl_ms = self.plan.ttl_ms(&mut self.dice);
        let spec = shapes::spec(adapter, ttl_ms);
        let command = Command::PutAdapter(PutAdapter {
            adapter: shapes::adapter(adapter),
            spec,
            enabled: Some(true),
            precondition: Precondition::None,
        });
        // Twice: an orchestrator that is not connected yet turns people away.
        for delay in [300, 1500] {
            let node = self.dice.index(self.nodes.len());
            let asked = Self::asked(command.clone(), Caller::Person, None);
            self.after(Duration::from_millis(delay), Event::Request(node, asked));
        }
    }
}
