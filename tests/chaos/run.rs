//! Carries a schedule out on a running system, while clients work and subscribers listen, and gathers the evidence.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use conncentric::time::since_boot;
use rustix::process::Signal;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::arena::{Arena, ORCHESTRATORS, Route};
use crate::checker::Violation;
use crate::evidence::{Deed, Done, Evidence, Happened, Span};
use crate::faults::{Fault, Step, Target};
use crate::network::weather::{Way, Weather};
use crate::notebook::Notebook;
use crate::schedule::{Due, Planned, steps};
use crate::{aftermath, checker, database, keep, ledger, subscriber, timekeeper, watch, witness, workload};

/// How long the system has to recover once all is calm, after the worst that a schedule may end with.
const CALM: Duration = Duration::from_secs(45);

/// Faults that are that late come closer together than was planned, so less can be said of them.
const LATE: Duration = Duration::from_millis(200);

/// How long that may take. A bug may flood the log.
const LOOK: Duration = Duration::from_secs(30);

/// How often somebody looks whether a rule is broken already, if a run is to end then.
const GLANCE: Duration = Duration::from_secs(10);

/// The whole run: faults, calm, evidence. It ends as soon as one of the violations that are `meant` is found.
pub async fn run(seed: u64, planned: &[Planned], meant: Option<&str>) -> Evidence {
    let arena = Arena::start().await;
    let notebook = Arc::<Notebook>::default();
    let from = since_boot();
    let over = CancellationToken::new();
    let mut watchers = JoinSet::new();
    watchers.spawn(timekeeper::keep(arena.database_url.clone(), notebook.clone(), over.clone()));
    watchers.spawn(watch::stalls(notebook.clone(), over.clone()));
    let after = subscriber::head(&arena.clients).await;
    for at in 0..ORCHESTRATORS {
        watchers.spawn(subscriber::listen(arena.clients.clone(), at, after, notebook.clone(), over.clone()));
    }
    let calm = CancellationToken::new();
    let left_alone = Arc::new(AtomicUsize::new(workload::NOBODY));
    let mut workers = JoinSet::new();
    for worker in 0..workload::WORKERS {
        workers.spawn(workload::work(
            arena.clients.clone(),
            arena.pod_tokens.clone(),
            (seed, worker),
            notebook.clone(),
            (calm.clone(), left_alone.clone()),
        ));
    }
    let mut director = Director { left_alone, arena, notebook: notebook.clone(), errands: JoinSet::new(), after };
    let found = director.carry_out(planned, meant).await;
    calm.cancel();
    while workers.join_next().await.transpose().expect("no worker crashed").is_some() {}
    while director.errands.join_next().await.is_some() {}
    let run = Span { from, to: since_boot() };
    let mut arena = director.arena;
    let mut evidence = aftermath::look(&mut arena, &notebook, if found.is_empty() { CALM } else { CALM / 9 }).await;
    over.cancel();
    while watchers.join_next().await.transpose().expect("no watcher crashed").is_some() {}
    notebook.give_to(&mut evidence);
    evidence.subscribed_after = after;
    evidence.found = found;
    evidence.run = Some(run);
    evidence.folder = keep::files(arena.folder.path(), &arena.servers.lock().await.log());
    keep::timeline(&evidence);
    let Arena { servers, postgres, .. } = arena;
    Arc::into_inner(servers).expect("nobody else has them").into_inner().end().await;
    postgres.end();
    evidence
}

struct Director {
    /// The orchestrator that clients ask for nothing.
    left_alone: Arc<AtomicUsize>,
    arena: Arena,
    notebook: Arc<Notebook>,
    errands: JoinSet<()>,
    after: i64,
}

impl Director {
    /// What was found of what is meant. The rest is left out then.
    async fn carry_out(&mut self, planned: &[Planned], meant: Option<&str>) -> Vec<Violation> {
        let mut glanced = Instant::now();
        let began = Instant::now();
        let mut spans = vec![Span { from: Duration::ZERO, to: Duration::ZERO }; planned.len()];
        for Due { at, fault, step, first, last } in steps(planned) {
            sleep_until(began + at).await;
            if began.elapsed() > at + LATE {
                let now = since_boot();
                self.notebook.stalled(Span { from: now.saturating_sub(began.elapsed().saturating_sub(at)), to: now });
            }
            if first {
                spans[fault].from = since_boot();
            }
            if let Some(meant) = meant.filter(|_| glanced.elapsed() > GLANCE) {
                let mut found = self.broken(planned, &spans).await;
                if meant.contains("I6") {
                    found.extend(self.log_is_broken().await);
                }
                found.retain(|violation| violation.is_one_of(meant));
                if !found.is_empty() {
                    self.leave_off(planned, &spans);
                    return found;
                }
                glanced = Instant::now();
            }
            self.take(&step).await;
            if last {
                spans[fault].to = since_boot();
                let fault_done = &planned[fault].fault;
                self.notebook.happened(Happened { kind: fault_done.kind, on: fault_done.on.clone(), span: spans[fault] });
            }
        }
        Vec::new()
    }

    /// What has begun is never taken back, so it goes on for longer than the run.
    fn leave_off(&self, planned: &[Planned], spans: &[Span]) {
        let to = since_boot() + Duration::from_hours(1);
        for (planned, span) in planned.iter().zip(spans).filter(|(_, span)| span.from > span.to) {
            let Fault { kind, on, .. } = &planned.fault;
            self.notebook.happened(Happened { kind, on: on.clone(), span: Span { from: span.from, to } });
        }
    }

    /// The database may be away; then it says so, and the next look will do.
    async fn log_is_broken(&self) -> Option<Violation> {
        let said = aftermath::verify(&self.arena).await.filter(|said| said.contains("DIFFERS"));
        said.map(|said| Violation::new("I6", said))
    }

    /// Judges what was seen so far. What was noted first is read first, so that nothing is missed that came before it.
    async fn broken(&self, planned: &[Planned], spans: &[Span]) -> Vec<Violation> {
        let mut evidence = self.notebook.copy();
        evidence.subscribed_after = self.after;
        evidence.stamps = self.arena.tap.stamps();
        evidence.renewals = self.arena.heartbeats.renewals();
        evidence.promises = self.arena.heartbeats.promises();
        evidence.witnessed = witness::record::read(&witness::log_in(self.arena.folder.path()));
        let url = self.arena.database_url.clone();
        let read = async move { (ledger::read(&url).await, ledger::read_pulses(&url).await) };
        let mut reader = JoinSet::new();
        reader.spawn(timeout(LOOK, read));
        // The database may be away; then the next glance will do.
        let Some(Ok(Ok((ledger, pulses)))) = reader.join_next().await else { return Vec::new() };
        let later = self.notebook.copy();
        (evidence.faults, evidence.deeds, evidence.stalls, evidence.growth) = (later.faults, later.deeds, later.stalls, later.growth);
        let begun = planned.iter().zip(spans).filter(|(_, span)| span.from > span.to);
        let now = since_boot();
        let begun = begun.map(|(planned, span)| Happened {
            kind: planned.fault.kind,
            on: planned.fault.on.clone(),
            span: Span { from: span.from, to: now },
        });
        evidence.faults.extend(begun);
        (evidence.ledger, evidence.pulses) = (ledger, pulses);
        evidence.run =
            Some(Span { from: spans.iter().map(|span| span.from).filter(|at| !at.is_zero()).min().unwrap_or_default(), to: now });
        checker::glance(&evidence)
    }

    async fn take(&mut self, step: &Step) {
        match *step {
            Step::Kill(target) => {
                self.note(target, Deed::Killed);
                self.part(target).kill().await;
            }
            Step::Start(target) => {
                self.part(target).start().await;
                self.note(target, Deed::Started);
            }
            Step::Terminate(target) => {
                self.note(target, Deed::Terminated);
                self.part(target).signal(Signal::TERM, false);
            }
            Step::Pause { target, family } => {
                self.note(target, if family { Deed::PausedWithPrograms } else { Deed::Paused });
                self.part(target).signal(Signal::STOP, family);
            }
            Step::Continue(target) => {
                self.part(target).signal(Signal::CONT, true);
                self.note(target, Deed::Continued);
            }
            Step::Weather(route, weather) => self.weather(route, weather),
            Step::Reset(route) => self.arena.on(route).reset(),
            Step::Swallow(route, answers) => self.arena.on(route).swallow(answers),
            Step::Twin(pod) => self.arena.start_twin(pod).await,
            Step::EndTwin(pod) => self.end_twin(pod).await,
            Step::RestartDatabase => self.arena.servers.lock().await.restart("fast").await,
            Step::CrashDatabase => self.arena.servers.lock().await.restart("immediate").await,
            Step::FailOver => {
                self.arena.servers.lock().await.fail_over().await;
                let servers = self.arena.servers.clone();
                self.errands.spawn(async move { servers.lock().await.attach().await });
            }
            Step::Exhaust { lasts } => drop(self.errands.spawn(database::exhaust(self.arena.database_url.clone(), lasts))),
            Step::FillDisk => database::fill_disk(&self.arena.database_url).await,
            Step::Clock(target, seconds) => self.arena.clocks[&target].set(seconds),
            Step::Lock { table, lasts } => drop(self.errands.spawn(database::lock(self.arena.database_url.clone(), table, lasts))),
            Step::Disconnect => database::disconnect(&self.arena.database_url).await,
            Step::Burden(pod) => drop(self.errands.spawn(workload::burden(self.arena.clients.clone(), pod))),
            Step::LeaveAlone(orchestrator) => self.left_alone.store(orchestrator.unwrap_or(workload::NOBODY), Ordering::Relaxed),
            Step::Rest => {}
        }
    }

    fn weather(&self, route: Route, weather: Weather) {
        if let Route::PodToWitness(pod) = route {
            let held = weather.there != Way::Open;
            self.note(Target::Pod(pod), if held { Deed::WitnessHeld } else { Deed::WitnessFree });
        }
        self.arena.on(route).set(weather);
    }

    fn note(&self, target: Target, deed: Deed) {
        self.notebook.done(Done { at: since_boot(), target, deed });
    }

    fn part(&mut self, target: Target) -> &mut crate::parts::Part {
        match target {
            Target::Pod(pod) => &mut self.arena.pods[pod],
            Target::Orchestrator(orchestrator) => &mut self.arena.orchestrators[orchestrator],
            Target::Database => unreachable!("the database has steps of its own"),
        }
    }

    /// The pod of that name was told to end by the twin; both are gone then, and a supervisor starts the pod.
    async fn end_twin(&mut self, pod: usize) {
        if let Some(mut twin) = self.arena.twins.pop() {
            twin.kill().await;
        }
        self.note(Target::Pod(pod), Deed::Killed);
        self.arena.pods[pod].kill().await;
        self.arena.pods[pod].start().await;
        self.note(Target::Pod(pod), Deed::Started);
    }
}
