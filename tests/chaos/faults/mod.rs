//! What is done to the system: faults, each a few steps in time on a few parts. Pure; [`crate::run`] carries them out.

mod clocks;
mod database;
mod orchestrators;
mod pods;

use std::time::Duration;

use crate::arena::Route;
use crate::network::weather::Weather;

/// A part that is disturbed, or may notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    Pod(usize),
    Orchestrator(usize),
    Database,
}

/// One thing to do. Nothing waits longer than a process takes to start or end.
#[derive(Debug, Clone)]
pub enum Step {
    Kill(Target),
    Start(Target),
    Terminate(Target),
    /// SIGSTOP, to the pod's programs too if it says so.
    Pause {
        target: Target,
        family: bool,
    },
    Continue(Target),
    Weather(Route, Weather),
    /// Every connection on the way is reset.
    Reset(Route),
    /// Lose the answers to the next requests.
    Swallow(Route, u32),
    /// A second process under the name of a pod. The first is told to end.
    Twin(usize),
    /// The twin goes, and the pod comes back.
    EndTwin(usize),
    RestartDatabase,
    CrashDatabase,
    /// The primary stops dead and its synchronous standby takes over.
    FailOver,
    /// Another session holds locks on our tables.
    Lock {
        table: &'static str,
        lasts: Duration,
    },
    /// Every connection of orchestrators is ended by the server.
    Disconnect,
    /// The database lets none of ours in for a while.
    Exhaust {
        lasts: Duration,
    },
    /// The disk is full for whoever appends: the server stops at once and recovers.
    FillDisk,
    /// Sets a wall clock, in seconds from the true time.
    Clock(Target, i64),
    /// Sessions are moved to a pod: what happens to one that has none shows nothing.
    Burden(usize),
    /// Clients ask this orchestrator for nothing.
    LeaveAlone(Option<usize>),
    /// Nothing: the end of what the fault needs to be undisturbed.
    Rest,
}

/// A fault with its steps, counted from its beginning.
#[derive(Debug, Clone)]
pub struct Fault {
    pub kind: &'static str,
    pub on: Vec<Target>,
    pub steps: Vec<(Duration, Step)>,
    /// Nothing else may happen meanwhile: what comes of it is measured.
    pub alone: bool,
    /// Whether what comes of it is measured at all.
    pub measured: bool,
}

impl Fault {
    fn new(kind: &'static str, on: &[Target], steps: Vec<(u64, Step)>) -> Self {
        let mut steps: Vec<_> = steps.into_iter().map(|(at, step)| (Duration::from_millis(at), step)).collect();
        steps.sort_by_key(|(at, _)| *at);
        Self { kind, on: on.to_vec(), steps, alone: false, measured: false }
    }

    /// Two of three come alone, so that what they lead to has nothing else to blame; the others test what happens in company.
    fn often_alone(self, dice: &mut fastrand::Rng) -> Self {
        Self { alone: dice.u8(..3) > 0, measured: true, ..self }
    }

    pub fn lasts(&self) -> Duration {
        self.steps.iter().map(|(at, _)| *at).max().unwrap_or_default()
    }

    /// Whether two of them can be told apart.
    pub fn collides(&self, other: &Self) -> bool {
        self.on.iter().any(|target| other.on.contains(target))
    }
}

/// All kinds, each made with dice of its own.
pub type Maker = fn(&mut fastrand::Rng) -> Fault;

pub fn all() -> Vec<Maker> {
    [pods::ALL, orchestrators::ALL, database::ALL, clocks::ALL].concat()
}

/// In milliseconds, the time that the longest lease takes to move: nothing else should happen meanwhile if that is measured.
const TAKEOVER: u64 = 3000;
