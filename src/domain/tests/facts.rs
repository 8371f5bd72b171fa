//! Events in as few words as a test needs. What follows from the history (registration numbers, tokens, who owns a session) is
//! looked up in the fleet at the moment at which the event happens, so that a test names only what it is about.

use crate::domain::action::Answer;
use crate::domain::adapter::AdapterSpec;
use crate::domain::command::Register;
use crate::domain::entry::{Category, Level};
use crate::domain::event::{
    AccessTokenCreated, AccessTokenRevoked, ActionAnswered, ActionOrdered, AdapterDeclared, AdapterDeleted, AdapterDisabled,
    AdapterEnabled, AdapterRevised, ArtifactDeleted, ArtifactStored, ClaimKind, EpochSettled, Event, LeaseConfirmed, LeaseExpired,
    MaintenanceBegan, MaintenanceEnded, PluginInstalled, PluginRemoved, PodDrained, PodLeft, PodLost, PodRegistered, PodResumed,
    PulsesDropped, SessionClaimed, SessionLogged, SessionMoveOrdered, SessionReleased, SessionStatusChanged,
};
use crate::domain::fleet::{Fleet, Lease};
use crate::domain::identity::{BearerToken, Role};
use crate::domain::lease::safety_margin;
use crate::domain::name::{Holder, RegistrationId, SessionId};
use crate::domain::status::OperationalStatus;
use crate::domain::token::Position;

use super::shapes::{access_token, adapter, artifact, content, holder, plugin_facts, plugin_name, pod_name, session};

/// An event that has happened or is expected to.
pub(crate) struct Fact {
    event: Box<dyn Fn(&Fleet) -> Event>,
    pub(super) cause: Option<Cause>,
}

/// What an expected event was caused by.
#[derive(Clone, Copy)]
pub(crate) enum Cause {
    Nothing,
    /// An event that had happened before the command.
    Past(Position),
    /// An event of the same decision: 1 is the first.
    New(Position),
}

impl Fact {
    fn new<E: Into<Event>>(event: impl Fn(&Fleet) -> E + 'static) -> Self {
        Self { event: Box::new(move |fleet| event(fleet).into()), cause: None }
    }

    pub(super) fn event(&self, fleet: &Fleet) -> Event {
        (self.event)(fleet)
    }

    /// Expects this cause. Without it, any will do.
    pub(crate) fn because(mut self, cause: Cause) -> Self {
        self.cause = Some(cause);
        self
    }
}

fn lease<'a>(fleet: &'a Fleet, id: &SessionId) -> &'a Lease {
    fleet.session(id).and_then(|session| session.lease.as_ref()).unwrap_or_else(|| panic!("nobody owns {id} here"))
}

fn registration_of(fleet: &Fleet, holder: &Holder) -> RegistrationId {
    fleet.registration_of(holder).unwrap_or_else(|| panic!("{holder} is not registered here")).0
}

pub(crate) fn declared(name: &str, spec: AdapterSpec) -> Fact {
    let adapter = adapter(name);
    Fact::new(move |_| AdapterDeclared { adapter: adapter.clone(), revision: 1, spec: spec.clone() })
}

pub(crate) fn revised(name: &str, spec: AdapterSpec) -> Fact {
    let adapter = adapter(name);
    Fact::new(move |fleet| {
        let revision = fleet.adapter(&adapter).expect("it was declared").revision + 1;
        AdapterRevised { adapter: adapter.clone(), revision, spec: spec.clone() }
    })
}

pub(crate) fn deleted(name: &str) -> Fact {
    let adapter = adapter(name);
    Fact::new(move |_| AdapterDeleted { adapter: adapter.clone() })
}

pub(crate) fn enabled(name: &str) -> Fact {
    let adapter = adapter(name);
    Fact::new(move |_| AdapterEnabled { adapter: adapter.clone(), reason: None })
}

pub(crate) fn disabled(name: &str) -> Fact {
    let adapter = adapter(name);
    Fact::new(move |_| AdapterDisabled { adapter: adapter.clone(), reason: None })
}

pub(crate) fn disabled_for(name: &str, reason: &str) -> Fact {
    let (adapter, reason) = (adapter(name), Some(reason.to_owned()));
    Fact::new(move |_| AdapterDisabled { adapter: adapter.clone(), reason: reason.clone() })
}

pub(crate) fn registered(pod: Register) -> Fact {
    Fact::new(move |fleet| {
        let Register { holder, capacity, labels, connectors, platform, access_token } = pod.clone();
        let registration = RegistrationId(fleet.last_registration().0 + 1);
        PodRegistered {
            pod: holder.pod,
            incarnation: holder.incarnation,
            registration,
            capacity,
            labels,
            connectors,
            platform,
            access_token,
        }
    })
}

pub(crate) fn drained(pod: &str) -> Fact {
    let holder = holder(pod);
    Fact::new(move |fleet| PodDrained { pod: holder.pod.clone(), registration: registration_of(fleet, &holder), reason: None })
}

pub(crate) fn resumed(pod: &str) -> Fact {
    let holder = holder(pod);
    Fact::new(move |fleet| PodResumed { pod: holder.pod.clone(), registration: registration_of(fleet, &holder) })
}

pub(crate) fn lost(pod: &str, silence_ms: u64) -> Fact {
    let holder = holder(pod);
    Fact::new(move |fleet| {
        let Holder { pod, incarnation } = holder.clone();
        PodLost { pod, incarnation, registration: registration_of(fleet, &holder), silence_ms }
    })
}

pub(crate) fn left(pod: &str) -> Fact {
    let holder = holder(pod);
    Fact::new(move |fleet| {
        let Holder { pod, incarnation } = holder.clone();
        PodLeft { pod, incarnation, registration: registration_of(fleet, &holder) }
    })
}

fn claimed(kind: ClaimKind, id: &str, pod: &str) -> Fact {
    let (session, holder) = (session(id), holder(pod));
    Fact::new(move |fleet| {
        let adapter = fleet.adapter(&session.adapter).expect("it was declared");
        let Holder { pod, incarnation } = holder.clone();
        SessionClaimed {
            session: session.clone(),
            pod,
            incarnation,
            registration: registration_of(fleet, &holder),
            kind,
            ttl_ms: adapter.spec.lease_ttl_ms,
            revision: adapter.revision,
            units: adapter.spec.placement.capacity,
        }
    })
}

/// A claim of a session that nobody had before, or that closed for good before.
pub(crate) fn placed(session: &str, pod: &str) -> Fact {
    claimed(ClaimKind::Placement, session, pod)
}

/// A claim that the pod made by name.
pub(crate) fn granted(session: &str, pod: &str) -> Fact {
    claimed(ClaimKind::Request, session, pod)
}

pub(crate) fn taken_over(session: &str, pod: &str) -> Fact {
    claimed(ClaimKind::Takeover, session, pod)
}

pub(crate) fn handed_over(session: &str, pod: &str) -> Fact {
    claimed(ClaimKind::Handover, session, pod)
}

pub(crate) fn reported(id: &str, status: OperationalStatus, reason: Option<&str>) -> Fact {
    let (session, reason) = (session(id), reason.map(str::to_owned));
    Fact::new(move |fleet| {
        let token = lease(fleet, &session).token;
        SessionStatusChanged { session: session.clone(), token, status, reason: reason.clone() }
    })
}

pub(crate) fn logged(id: &str, message: &str) -> Fact {
    let (session, message) = (session(id), message.to_owned());
    Fact::new(move |fleet| {
        let token = lease(fleet, &session).token;
        SessionLogged { session: session.clone(), token, level: Level::Info, category: Category::Connection, message: message.clone() }
    })
}

pub(crate) fn active(session: &str) -> Fact {
    reported(session, OperationalStatus::Active, None)
}

pub(crate) fn move_ordered(id: &str, to: &str) -> Fact {
    let (session, to) = (session(id), pod_name(to));
    Fact::new(move |fleet| {
        let (to_registration, _) = fleet.pod(&to).expect("the target is registered");
        SessionMoveOrdered { session: session.clone(), token: lease(fleet, &session).token, to: to.clone(), to_registration }
    })
}

pub(crate) fn action_ordered(id: &str, action: &str, parameters: &serde_json::Value) -> Fact {
    let (session, action) = (session(id), action.to_owned());
    let parameters = parameters.as_object().expect("an object").clone();
    Fact::new(move |fleet| ActionOrdered {
        session: session.clone(),
        token: lease(fleet, &session).token,
        action: action.parse().expect("an action's name"),
        parameters: parameters.clone(),
    })
}

pub(crate) fn action_answered(id: &str, action: Position, state: Answer, message: Option<&str>) -> Fact {
    let (session, message) = (session(id), message.map(str::to_owned));
    Fact::new(move |fleet| {
        let lease = lease(fleet, &session);
        let name = lease.actions.get(&action).expect("it was ordered").name.clone();
        ActionAnswered { session: session.clone(), token: lease.token, action, name, state, message: message.clone() }
    })
}

fn ended_in_order(id: &str, handover: bool) -> Fact {
    let session = session(id);
    Fact::new(move |fleet| {
        let Lease { holder, token, .. } = lease(fleet, &session).clone();
        SessionReleased { session: session.clone(), token, pod: holder.pod, incarnation: holder.incarnation, handover }
    })
}

/// Closed because it is not to run, or by the pod's own choice.
pub(crate) fn released(session: &str) -> Fact {
    ended_in_order(session, false)
}

/// Closed in order to run elsewhere.
pub(crate) fn released_to_move(session: &str) -> Fact {
    ended_in_order(session, true)
}

pub(crate) fn expired(id: &str, silence: u64) -> Fact {
    let session = session(id);
    Fact::new(move |fleet| {
        let Lease { holder, token, ttl, .. } = lease(fleet, &session).clone();
        let margin = safety_margin(std::time::Duration::from_millis(silence), ttl);
        LeaseExpired {
            session: session.clone(),
            token,
            pod: holder.pod,
            incarnation: holder.incarnation,
            silence_ms: silence,
            ttl_ms: ttl,
            safety_margin_ms: u64::try_from(margin.as_millis()).expect("small"),
        }
    })
}

pub(crate) fn maintenance_began(names: &[&str]) -> Fact {
    let adapters: Vec<_> = names.iter().map(|name| adapter(name)).collect();
    Fact::new(move |_| MaintenanceBegan { adapters: adapters.clone(), reason: None })
}

pub(crate) fn maintenance_ended(names: &[&str]) -> Fact {
    let adapters: Vec<_> = names.iter().map(|name| adapter(name)).collect();
    Fact::new(move |_| MaintenanceEnded { adapters: adapters.clone(), reason: None })
}

pub(crate) fn confirmed(id: &str) -> Fact {
    let session = session(id);
    Fact::new(move |fleet| {
        let Lease { holder, token, .. } = lease(fleet, &session).clone();
        LeaseConfirmed { session: session.clone(), token, pod: holder.pod, incarnation: holder.incarnation }
    })
}

pub(crate) fn epoch_settled(waited_ms: u64) -> Fact {
    Fact::new(move |_| EpochSettled { waited_ms })
}

pub(crate) fn access_token_created(digit: char, name: &str, role: Role, pod: Option<&str>) -> Fact {
    let (id, name, pod) = (access_token(digit), name.to_owned(), pod.map(pod_name));
    Fact::new(move |_| AccessTokenCreated {
        access_token: id.clone(),
        name: name.clone(),
        role,
        pod: pod.clone(),
        hash: BearerToken::from_randomness(&[7; 40]).hash(),
    })
}

pub(crate) fn access_token_revoked(digit: char) -> Fact {
    let id = access_token(digit);
    Fact::new(move |_| AccessTokenRevoked { access_token: id.clone() })
}

pub(crate) fn pulses_dropped(partition: i64, positions: std::ops::RangeInclusive<Position>, count: u64) -> Fact {
    Fact::new(move |_| PulsesDropped { first: *positions.start(), last: *positions.end(), count, partition: Some(partition) })
}

pub(crate) fn artifact_stored(name: &str, version: u32, digit: u8) -> Fact {
    let (artifact, content) = (artifact(name), content(digit));
    Fact::new(move |_| ArtifactStored { artifact: artifact.clone(), version, sha256: content.sha256, size: content.size, media_type: None })
}

pub(crate) fn artifact_deleted(name: &str) -> Fact {
    let artifact = artifact(name);
    Fact::new(move |_| ArtifactDeleted { artifact: artifact.clone() })
}

pub(crate) fn installed(name: &str, version: &str, connector: &str, digit: u8) -> Fact {
    let (plugin, facts, content) = (plugin_name(name), plugin_facts(version, connector), content(digit));
    Fact::new(move |_| PluginInstalled {
        plugin: plugin.clone(),
        version: facts.version.clone(),
        sha256: content.sha256,
        size: content.size,
        descriptor: facts.descriptor.clone(),
        platforms: facts.platforms.clone(),
        licence: facts.licence.clone(),
        signature: None,
        signed_by: None,
    })
}

pub(crate) fn plugin_removed(name: &str) -> Fact {
    let plugin = plugin_name(name);
    Fact::new(move |_| PluginRemoved { plugin: plugin.clone() })
}
