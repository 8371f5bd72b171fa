//! Commands in as few words as a test needs. Tokens of leases are looked up in the fleet unless a test gives its own.

use crate::domain::action::Answer;
use crate::domain::adapter::AdapterSpec;
use crate::domain::command::{
    AnswerActions, ArtifactSource, Claim, Command, CreateAccessToken, Drain, DropPulses, Entry, Heartbeat, InstallPlugin, Leave, Log,
    MoveSession, OrderAction, OwnersAnswer, Precondition, PutAdapter, PutArtifact, Rebalance, Register, Release, Report, SetEnabled,
    Targets,
};
use crate::domain::entry::{Category, Level};
use crate::domain::fleet::Fleet;
use crate::domain::identity::{AccessTokenId, BearerToken, Role};
use crate::domain::name::SessionId;
use crate::domain::status::OperationalStatus;
use crate::domain::token::{Epoch, FencingToken, Position};

use super::shapes::{access_token, adapter, artifact, content, holder, plugin_facts, plugin_name, pod_name, session};

/// A command, once the fleet is known that it is given to.
pub(crate) struct Order(Box<dyn FnOnce(&Fleet) -> Command>);

impl Order {
    pub(super) fn for_fleet(self, fleet: &Fleet) -> Command {
        (self.0)(fleet)
    }

    fn plain(command: Command) -> Self {
        Self(Box::new(|_| command))
    }

    /// Lets another access token speak than the one that the pod registered with.
    pub(crate) fn spoken_with(self, digit: char) -> Self {
        Self(Box::new(move |fleet| {
            let mut command = self.for_fleet(fleet);
            *speaks(&mut command) = access_token(digit);
            command
        }))
    }
}

fn speaks(command: &mut Command) -> &mut AccessTokenId {
    match command {
        Command::Register(Register { access_token, .. })
        | Command::Heartbeat(Heartbeat { access_token, .. })
        | Command::Claim(Claim { access_token, .. })
        | Command::Release(Release { access_token, .. })
        | Command::Leave(Leave { access_token, .. })
        | Command::Drain(Drain { access_token: Some(access_token), .. }) => access_token,
        other => panic!("no pod speaks {other:?}"),
    }
}

pub(crate) fn order_action(id: &str, action: &str, parameters: &serde_json::Value) -> Order {
    let parameters = parameters.as_object().expect("an object").clone();
    Order::plain(Command::OrderAction(OrderAction { session: session(id), action: action.parse().expect("an action's name"), parameters }))
}

pub(crate) fn answer_action(pod: &str, id: &str, action: Position, state: Answer, message: Option<&str>) -> Order {
    let (holder, session, message) = (holder(pod), session(id), message.map(str::to_owned));
    Order(Box::new(move |fleet| {
        let token = fleet.session(&session).and_then(|entry| entry.last_token).expect("it was owned");
        let answers = vec![OwnersAnswer { session, token, action, state, message }];
        Command::AnswerActions(AnswerActions { holder, answers, access_token: own() })
    }))
}

fn own() -> AccessTokenId {
    access_token('a')
}

pub(crate) fn put(name: &str, spec: AdapterSpec) -> Order {
    put_if(Precondition::None, name, spec, None)
}

pub(crate) fn put_enabled(name: &str, spec: AdapterSpec, enabled: bool) -> Order {
    put_if(Precondition::None, name, spec, Some(enabled))
}

pub(crate) fn put_if(precondition: Precondition, name: &str, spec: AdapterSpec, enabled: Option<bool>) -> Order {
    Order::plain(Command::PutAdapter(PutAdapter { adapter: adapter(name), spec, enabled, precondition }))
}

pub(crate) fn delete(name: &str) -> Order {
    delete_if(Precondition::None, name)
}

pub(crate) fn delete_if(precondition: Precondition, name: &str) -> Order {
    Order::plain(Command::DeleteAdapter { adapter: adapter(name), precondition })
}

pub(crate) fn enable(names: &[&str]) -> Order {
    set_enabled(names, true, None)
}

pub(crate) fn disable(names: &[&str]) -> Order {
    set_enabled(names, false, None)
}

pub(crate) fn set_enabled(names: &[&str], enabled: bool, reason: Option<&str>) -> Order {
    let targets = Targets::Named(names.iter().map(|name| adapter(name)).collect());
    Order::plain(Command::SetEnabled(SetEnabled { targets, enabled, reason: reason.map(str::to_owned) }))
}

pub(crate) fn disable_all() -> Order {
    Order::plain(Command::SetEnabled(SetEnabled { targets: Targets::All, enabled: false, reason: None }))
}

pub(crate) fn begin_maintenance(names: &[&str]) -> Order {
    let targets = Targets::Named(names.iter().map(|name| adapter(name)).collect());
    Order::plain(Command::BeginMaintenance { targets, reason: None })
}

pub(crate) fn end_maintenance() -> Order {
    Order::plain(Command::EndMaintenance { reason: None })
}

pub(crate) fn register(pod: Register) -> Order {
    Order::plain(Command::Register(pod))
}

pub(crate) fn leave(pod: &str) -> Order {
    Order::plain(Command::Leave(Leave { holder: holder(pod), access_token: own() }))
}

fn current(fleet: &Fleet, session: &SessionId) -> FencingToken {
    let entry = fleet.session(session).unwrap_or_else(|| panic!("there is no session {session} here"));
    entry.lease.as_ref().unwrap_or_else(|| panic!("nobody owns {session} here")).token
}

/// An entry of a connector, under the token of the present owner.
pub(crate) fn says(pod: &str, id: &str, message: &str) -> Order {
    let (holder, session, message) = (holder(pod), session(id), message.to_owned());
    Order(Box::new(move |fleet| {
        let token = current(fleet, &session);
        Command::Log(Log { holder, entries: vec![entry(session, token, message)], access_token: own() })
    }))
}

/// The same, under a token of one's own choice.
pub(crate) fn says_under(pod: &str, id: &str, token: FencingToken) -> Order {
    let entries = vec![entry(session(id), token, "hello".into())];
    Order::plain(Command::Log(Log { holder: holder(pod), entries, access_token: own() }))
}

fn entry(session: SessionId, token: FencingToken, message: String) -> Entry {
    Entry { session, token, level: Level::Info, category: Category::Connection, message }
}

/// A heartbeat that says this of one lease.
pub(crate) fn reports(pod: &str, id: &str, status: OperationalStatus, reason: Option<&str>) -> Order {
    let (pod, session, reason) = (pod.to_owned(), session(id), reason.map(str::to_owned));
    Order(Box::new(move |fleet| {
        let token = current(fleet, &session);
        heartbeat_of(&pod, vec![Report { session, token, status, reason, trusted: true }])
    }))
}

/// A heartbeat that says ACTIVE under a token of one's own choice.
pub(crate) fn reports_under(pod: &str, id: &str, token: FencingToken) -> Order {
    let report = Report { session: session(id), token, status: OperationalStatus::Active, reason: None, trusted: true };
    Order::plain(heartbeat_of(pod, vec![report]))
}

/// A heartbeat in the present epoch that says ACTIVE of a lease that the pod trusts.
pub(crate) fn confirms(pod: &str, id: &str) -> Order {
    let (pod, session) = (pod.to_owned(), session(id));
    Order(Box::new(move |fleet| active_in(fleet.epoch(), true, &pod, &session, fleet)))
}

/// The same, said with knowledge of this epoch, of a lease that the pod trusts or not.
pub(crate) fn speaks_in(epoch: i32, trusted: bool, pod: &str, id: &str) -> Order {
    let (pod, session) = (pod.to_owned(), session(id));
    Order(Box::new(move |fleet| active_in(Epoch(epoch), trusted, &pod, &session, fleet)))
}

fn active_in(epoch: Epoch, trusted: bool, pod: &str, session: &SessionId, fleet: &Fleet) -> Command {
    let report =
        Report { session: session.clone(), token: current(fleet, session), status: OperationalStatus::Active, reason: None, trusted };
    let (reports, access_token) = (vec![report], own());
    Command::Heartbeat(Heartbeat { holder: holder(pod), sequence: 1, epoch: Some(epoch), seen: None, reports, access_token })
}

pub(crate) fn heartbeat(pod: &str) -> Order {
    Order::plain(heartbeat_of(pod, Vec::new()))
}

fn heartbeat_of(pod: &str, reports: Vec<Report>) -> Command {
    Command::Heartbeat(Heartbeat { holder: holder(pod), sequence: 1, epoch: None, seen: None, reports, access_token: own() })
}

pub(crate) fn claim(pod: &str, sessions: &[&str]) -> Order {
    let sessions = sessions.iter().map(|id| session(id)).collect();
    Order::plain(Command::Claim(Claim { holder: holder(pod), sessions, access_token: own() }))
}

/// Releases sessions under the tokens that they are owned under.
pub(crate) fn release(pod: &str, sessions: &[&str]) -> Order {
    let (holder, sessions) = (holder(pod), sessions.iter().map(|id| session(id)).collect::<Vec<_>>());
    Order(Box::new(move |fleet| {
        let sessions = sessions.into_iter().map(|session| (session.clone(), current(fleet, &session))).collect();
        Command::Release(Release { holder, sessions, access_token: own() })
    }))
}

pub(crate) fn release_under(pod: &str, id: &str, token: FencingToken) -> Order {
    Order::plain(Command::Release(Release { holder: holder(pod), sessions: vec![(session(id), token)], access_token: own() }))
}

pub(crate) fn expire() -> Order {
    Order::plain(Command::Expire)
}

/// An operator drains a pod, whichever start of it is there.
pub(crate) fn drain(pod: &str) -> Order {
    Order::plain(Command::Drain(Drain { pod: pod_name(pod), incarnation: None, access_token: None, reason: None }))
}

/// A pod drains itself.
pub(crate) fn drain_self(pod: &str) -> Order {
    let holder = holder(pod);
    let drain = Drain { pod: holder.pod, incarnation: Some(holder.incarnation), access_token: Some(own()), reason: None };
    Order::plain(Command::Drain(drain))
}

pub(crate) fn undrain(pod: &str) -> Order {
    Order::plain(Command::Undrain { pod: pod_name(pod) })
}

pub(crate) fn move_to(id: &str, to: &str) -> Order {
    Order::plain(Command::Move(MoveSession { session: session(id), to: pod_name(to) }))
}

pub(crate) fn rebalance(max_moves: u32) -> Order {
    Order::plain(Command::Rebalance(Rebalance { max_moves }))
}

pub(crate) fn create_access_token(digit: char, name: &str, role: Role, pod: Option<&str>) -> Order {
    Order::plain(Command::CreateAccessToken(CreateAccessToken {
        id: access_token(digit),
        name: name.to_owned(),
        role,
        pod: pod.map(pod_name),
        hash: BearerToken::from_randomness(&[7; 40]).hash(),
    }))
}

pub(crate) fn revoke_access_token(digit: char) -> Order {
    Order::plain(Command::RevokeAccessToken { id: access_token(digit) })
}

pub(crate) fn drop_pulses(partition: i64, positions: std::ops::RangeInclusive<Position>, count: u64) -> Order {
    Order::plain(Command::DropPulses(DropPulses { partition, first: *positions.start(), last: *positions.end(), count }))
}

/// An upload whose content is told apart by a digit.
pub(crate) fn put_artifact(name: &str, digit: u8) -> Order {
    put_artifact_if(Precondition::None, name, upload(digit))
}

pub(crate) fn put_artifact_if(precondition: Precondition, name: &str, source: ArtifactSource) -> Order {
    Order::plain(Command::PutArtifact(PutArtifact { artifact: artifact(name), source, precondition }))
}

pub(crate) fn upload(digit: u8) -> ArtifactSource {
    ArtifactSource::Upload { content: content(digit), media_type: None }
}

pub(crate) fn delete_artifact(name: &str) -> Order {
    delete_artifact_if(Precondition::None, name)
}

pub(crate) fn delete_artifact_if(precondition: Precondition, name: &str) -> Order {
    Order::plain(Command::DeleteArtifact { artifact: artifact(name), precondition })
}

/// A package whose content is told apart by a digit.
pub(crate) fn install(name: &str, version: &str, connector: &str, digit: u8) -> Order {
    let facts = plugin_facts(version, connector);
    Order::plain(Command::InstallPlugin(Box::new(InstallPlugin {
        plugin: plugin_name(name),
        facts,
        content: content(digit),
        signed: None,
    })))
}

pub(crate) fn remove_plugin(name: &str) -> Order {
    Order::plain(Command::RemovePlugin { plugin: plugin_name(name) })
}
