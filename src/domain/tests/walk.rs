//! Random walks through a small world: three adapters, four pods of three starts each, every command, any silence.
//!
//! Commands are not chosen to make sense. Delayed requests of former starts, tokens one off, and pods that fall silent and
//! speak again are what most of a walk consists of.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::given::Silences;
use super::shapes::*;
use crate::domain::action::Answer;
use crate::domain::adapter::AdapterSpec;
use crate::domain::command::{
    AnswerActions, ArtifactSource, Claim, Command, Drain, Heartbeat, Leave, MoveSession, OrderAction, OwnersAnswer, Precondition,
    PutAdapter, PutArtifact, Rebalance, Register, Release, Report, SetEnabled, Targets,
};
use crate::domain::fleet::Fleet;
use crate::domain::name::{Holder, RegistrationId, SessionId};
use crate::domain::status::OperationalStatus;
use crate::domain::token::FencingToken;

const ADAPTERS: [&str; 3] = ["a", "b", "c"];
const PODS: [&str; 4] = ["pod-1", "pod-2", "pod-3", "pod-4"];
const STARTS: [&str; 3] = ["1", "2", "3"];
const SESSIONS: [&str; 5] = ["a/0", "b/0", "b/1", "b/2", "c/0"];

/// One thing that happens: somebody wants something while some pods have been silent for a while.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) wish: Wish,
    /// Milliseconds by registration number, modulo its length.
    silences: Vec<u64>,
    /// Pulses that are recorded before the events of this step.
    pub(super) pulses: i64,
    /// Whether the log has moved to a new epoch since the last step.
    pub(super) new_epoch: bool,
    /// Milliseconds that have passed since the last one began.
    since_epoch: u64,
}

/// A command, before it is known what the fleet looks like.
#[derive(Debug, Clone)]
pub(super) enum Wish {
    Plain(Command),
    /// Reports every session there is, whoever owns it.
    Heartbeat(Who, OperationalStatus),
    Claim(Who, Vec<SessionId>),
    /// The tokens are off by so much.
    Release(Who, Vec<SessionId>, i64),
    Leave(Who),
    /// An answer to the first action of each session that waits for one.
    Answer(Who, Answer),
}

/// A pod that speaks.
#[derive(Debug, Clone)]
pub(super) enum Who {
    /// The start of this pod that is registered.
    Current(&'static str),
    /// A certain start, which may be long gone.
    Start(&'static str, &'static str),
    OwnerOf(&'static str),
}

impl Who {
    fn holder(&self, fleet: &Fleet) -> Holder {
        let found = match self {
            Self::Current(pod) => fleet.pod(&pod_name(pod)).map(|(_, current)| &current.holder),
            Self::Start(pod, start) => return holder(&format!("{pod}#{start}")),
            Self::OwnerOf(id) => fleet.session(&session(id)).and_then(|session| session.lease.as_ref()).map(|lease| &lease.holder),
        };
        found.cloned().unwrap_or_else(|| holder("pod-1"))
    }
}

impl Step {
    pub(super) fn silences(&self, fleet: &Fleet) -> Silences {
        let mut silences = Silences::default();
        for (id, _) in fleet.registrations() {
            let index = usize::try_from(id.0).expect("positive") % self.silences.len();
            silences.set(id, Duration::from_millis(self.silences[index]));
        }
        silences.set_since_epoch(Duration::from_millis(self.since_epoch));
        // A registration that comes into being with this very step was heard just now.
        silences.set(RegistrationId(fleet.last_registration().0 + 1), Duration::ZERO);
        silences
    }

    pub(super) fn everybody_speaks(&self) -> bool {
        self.silences.iter().all(|silence| *silence == 0)
    }

    pub(super) fn command(&self, fleet: &Fleet) -> Command {
        let access_token = access_token('a');
        match &self.wish {
            Wish::Plain(command) => command.clone(),
            Wish::Heartbeat(who, status) => {
                let reports = SESSIONS.iter().filter_map(|id| report(fleet, session(id), *status)).collect();
                Command::Heartbeat(Heartbeat {
                    holder: who.holder(fleet),
                    sequence: 1,
                    epoch: Some(fleet.epoch()),
                    seen: None,
                    reports,
                    access_token,
                })
            }
            Wish::Claim(who, sessions) => Command::Claim(Claim { holder: who.holder(fleet), sessions: sessions.clone(), access_token }),
            Wish::Release(who, sessions, off) => {
                let sessions = sessions.iter().map(|id| (id.clone(), shifted(last_token(fleet, id), *off))).collect();
                Command::Release(Release { holder: who.holder(fleet), sessions, access_token })
            }
            Wish::Leave(who) => Command::Leave(Leave { holder: who.holder(fleet), access_token }),
            Wish::Answer(who, state) => {
                let answers = SESSIONS.iter().filter_map(|id| first_answer(fleet, session(id), *state)).collect();
                Command::AnswerActions(AnswerActions { holder: who.holder(fleet), answers, access_token })
            }
        }
    }
}

fn last_token(fleet: &Fleet, session: &SessionId) -> Option<FencingToken> {
    fleet.session(session).and_then(|session| session.last_token)
}

fn report(fleet: &Fleet, session: SessionId, status: OperationalStatus) -> Option<Report> {
    let token = last_token(fleet, &session)?;
    Some(Report { session, token, status, reason: None, trusted: true })
}

fn first_answer(fleet: &Fleet, session: SessionId, state: Answer) -> Option<OwnersAnswer> {
    let lease = fleet.session(&session)?.lease.as_ref()?;
    let (action, _) = lease.actions.get_min()?;
    Some(OwnersAnswer { token: lease.token, action: *action, state, message: None, session })
}

fn shifted(last: Option<FencingToken>, off: i64) -> FencingToken {
    last.map_or(token(1), |last| FencingToken::from_i64(last.as_i64() + off).expect("positive"))
}

/// What adapter `name` may be declared as: different enough that every rule of placement matters.
fn spec_of(name: &'static str) -> impl Strategy<Value = AdapterSpec> {
    let rules = (select(vec![1_000_u32, 5_000, 60_000]), select(vec![100, 200]), select(vec![1_u32, 1, 2]), prop::bool::weighted(0.25));
    (rules, 1_u16..=3).prop_map(move |((ttl, priority, units, zoned), replicas)| {
        let spec = match name {
            "a" => exclusive(),
            "b" => load_balanced(replicas),
            _ if replicas == 1 => single(),
            _ => exclusive().connector("fix"),
        };
        let spec = spec.ttl(ttl).priority(priority).units(units);
        // Nothing keeps what it names from being missing: then the command is refused.
        let spec = if priority == 200 { spec.artifacts(&["x"]) } else { spec };
        if zoned { spec.label("zone", "east") } else { spec }
    })
}

fn put_adapter() -> impl Strategy<Value = Command> {
    select(&ADAPTERS[..]).prop_flat_map(|name| {
        (spec_of(name), select(vec![None, Some(true), Some(true), Some(false)])).prop_map(move |(spec, enabled)| {
            Command::PutAdapter(PutAdapter { adapter: adapter(name), spec, enabled, precondition: Precondition::None })
        })
    })
}

fn who() -> impl Strategy<Value = Who> {
    let pod = || select(&PODS[..]);
    prop_oneof![
        2 => pod().prop_map(Who::Current),
        1 => (pod(), select(&STARTS[..])).prop_map(|(pod, start)| Who::Start(pod, start)),
        3 => select(&SESSIONS[..]).prop_map(Who::OwnerOf),
    ]
}

/// Odd pods offer `fix` too, the first two are in the east. Room is nearly always scarce.
fn registration() -> impl Strategy<Value = Register> {
    (select(&PODS[..]), select(&STARTS[..]), select(vec![0_u32, 1, 2, 2, 3, 5, 8])).prop_map(|(name, start, room)| {
        let pod = pod(&format!("{name}#{start}")).room(room);
        let pod = if name == "pod-1" || name == "pod-3" { pod.connector("fix") } else { pod };
        if name == "pod-1" || name == "pod-2" { pod.label("zone", "east") } else { pod }
    })
}

fn some_sessions() -> impl Strategy<Value = Vec<SessionId>> {
    subsequence(SESSIONS.to_vec(), 1..=5).prop_map(|ids| ids.into_iter().map(session).collect())
}

fn set_enabled() -> impl Strategy<Value = Command> {
    (subsequence(ADAPTERS.to_vec(), 1..=3), any::<bool>()).prop_map(|(names, enabled)| {
        let targets = Targets::Named(names.into_iter().map(adapter).collect());
        Command::SetEnabled(SetEnabled { targets, enabled, reason: None })
    })
}

fn wish() -> impl Strategy<Value = Wish> {
    use OperationalStatus::{Active, Claiming, Error, Inactive};
    let (adapter_name, pod) = (|| select(&ADAPTERS[..]).prop_map(adapter), || select(&PODS[..]).prop_map(pod_name));
    let plain = prop_oneof![
        6 => put_adapter(),
        2 => (select(&["x", "y"][..]), 0_u8..3).prop_map(|(name, digit)| {
            let source = ArtifactSource::Upload { content: content(digit), media_type: None };
            Command::PutArtifact(PutArtifact { artifact: artifact(name), source, precondition: Precondition::None })
        }),
        1 => select(&["x", "y"][..]).prop_map(|name| Command::DeleteArtifact { artifact: artifact(name), precondition: Precondition::None }),
        1 => adapter_name().prop_map(|adapter| Command::DeleteAdapter { adapter, precondition: Precondition::None }),
        3 => set_enabled(),
        4 => registration().prop_map(Command::Register),
        8 => Just(Command::Expire),
        2 => pod().prop_map(|pod| Command::Drain(Drain { pod, incarnation: None, access_token: None, reason: None })),
        1 => pod().prop_map(|pod| Command::Undrain { pod }),
        1 => subsequence(ADAPTERS.to_vec(), 1..=3).prop_map(|names| {
            let targets = Targets::Named(names.into_iter().map(adapter).collect());
            Command::BeginMaintenance { targets, reason: None }
        }),
        2 => Just(Command::EndMaintenance { reason: None }),
        3 => (0_u32..=4).prop_map(|max_moves| Command::Rebalance(Rebalance { max_moves })),
        8 => (select(&SESSIONS[..]), pod()).prop_map(|(id, to)| Command::Move(MoveSession { session: session(id), to })),
        6 => (select(&SESSIONS[..]), select(vec!["restart", "restart", "reset", "nonsense"])).prop_map(|(id, action)| {
            let action = action.parse().expect("an action's name");
            Command::OrderAction(OrderAction { session: session(id), action, parameters: serde_json::Map::new() })
        }),
    ];
    prop_oneof![
        32 => plain.prop_map(Wish::Plain),
        2 => (who(), select(vec![Active, Claiming, Error, Inactive])).prop_map(|(who, status)| Wish::Heartbeat(who, status)),
        8 => (who(), some_sessions()).prop_map(|(who, sessions)| Wish::Claim(who, sessions)),
        10 => (who(), some_sessions(), select(vec![0, 0, 0, 0, 0, 0, -1, 1])).prop_map(|(who, sessions, off)| Wish::Release(who, sessions, off)),
        1 => who().prop_map(Wish::Leave),
        3 => (who(), select(vec![Answer::Received, Answer::Done, Answer::Failed])).prop_map(|(who, state)| Wish::Answer(who, state)),
    ]
}

/// Mostly everybody was heard lately; now and then one or two were not.
fn some_silences() -> impl Strategy<Value = Vec<u64>> {
    let silence = prop_oneof![3 => Just(0), 1 => select(vec![300_u64, 600, 1_000, 2_600, 5_000, 60_000])];
    prop_oneof![Just(vec![0; 8]), vec(silence, 8)]
}

fn step(wish: impl Strategy<Value = Wish>) -> impl Strategy<Value = Step> {
    let epoch = (prop::bool::weighted(0.02), select(vec![0_u64, 600, 1_000, 5_000, 60_000, 60_000]));
    (wish, some_silences(), 0_i64..4, epoch).prop_map(|(wish, silences, pulses, (new_epoch, since_epoch))| Step {
        wish,
        silences,
        pulses,
        new_epoch,
        since_epoch,
    })
}

/// A fleet that has something to lose, and then anything.
pub(super) fn walk() -> impl Strategy<Value = Vec<Step>> {
    let founding = prop_oneof![put_adapter(), registration().prop_map(Command::Register)].prop_map(Wish::Plain);
    (vec(step(founding), 0..12), vec(step(wish()), 1..80)).prop_map(|(founding, then)| [founding, then].concat())
}
