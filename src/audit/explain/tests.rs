//! Stories that are decided on as an orchestrator would, and what is told of them afterwards.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Line, Memory, span};
use crate::audit::replay::Replay;
use crate::domain::adapter::{AdapterSpec, LeaseTtl, Mode, OnLeaseLoss, Placement};
use crate::domain::command::{
    Command, Drain, Heartbeat, MoveSession, Precondition, PutAdapter, Register, Release, Report, SetEnabled, Targets,
};
use crate::domain::decide::decide;
use crate::domain::event::Recorded;
use crate::domain::fleet::Lease;
use crate::domain::identity::AccessTokenId;
use crate::domain::name::{Holder, RegistrationId, SessionId};
use crate::domain::placement::Observed;
use crate::domain::status::OperationalStatus;
use crate::domain::token::Epoch;

/// Everything happens a second after what happened before.
struct Story {
    replay: Replay,
    at: DateTime<Utc>,
    silent: Option<RegistrationId>,
}

impl Observed for Story {
    fn silence(&self, registration: RegistrationId, _: LeaseTtl) -> Duration {
        if self.silent == Some(registration) { Duration::from_millis(5003) } else { Duration::ZERO }
    }

    fn since_epoch(&self) -> Duration {
        Duration::ZERO
    }
}

impl Story {
    /// pod-1 runs a/0, and pod-2 could.
    fn begin(memory: Memory) -> Self {
        let mut story = Self { replay: Replay::remembering(memory), at: "2026-01-31T10:32:00Z".parse().expect("a time"), silent: None };
        let put = PutAdapter { adapter: "a".parse().expect("a name"), spec: spec(), enabled: Some(true), precondition: Precondition::None };
        story.happens("admin:ann via token:1", &Command::PutAdapter(put));
        story.registers("pod-1", "i1");
        story.registers("pod-2", "i2");
        story.reports(OperationalStatus::Active);
        story
    }

    fn happens(&mut self, actor: &str, command: &Command) {
        let decision = decide(self.replay.fleet(), command, self).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
        self.at += TimeDelta::seconds(1);
        for proposal in decision.events {
            let recorded = Recorded {
                position: self.replay.fleet().ledger_position() + 1,
                epoch: Epoch(1),
                id: Uuid::nil(),
                recorded_at: self.at,
                actor: actor.into(),
                request_id: None,
                cause: proposal.cause,
                event: proposal.event,
            };
            self.replay.apply(recorded).expect("folds");
        }
    }

    fn registers(&mut self, pod: &str, incarnation: &str) {
        let register = Register {
            holder: Holder { pod: pod.parse().expect("a name"), incarnation: incarnation.parse().expect("an incarnation") },
            capacity: 5,
            labels: std::collections::BTreeMap::new(),
            connectors: vec!["tcp".parse().expect("a connector")],
            platform: None,
            access_token: access_token(),
        };
        self.happens(&format!("pod:{pod} via token:2"), &Command::Register(register));
    }

    fn lease(&self) -> Lease {
        self.replay.fleet().session(&session()).and_then(|entry| entry.lease.clone()).expect("somebody owns it")
    }

    fn reports(&mut self, status: OperationalStatus) {
        let Lease { holder, token, .. } = self.lease();
        let report = Report { session: session(), token, status, reason: None, trusted: true };
        let heartbeat = Heartbeat { holder, sequence: 1, epoch: None, seen: None, reports: vec![report], access_token: access_token() };
        self.happens("pod:pod-1 via token:2", &Command::Heartbeat(heartbeat));
    }

    fn releases(&mut self) {
        let Lease { holder, token, .. } = self.lease();
        let release = Release { holder, sessions: vec![(session(), token)], access_token: access_token() };
        self.happens("pod:pod-1 via token:2", &Command::Release(release));
    }

    fn dies(&mut self) {
        self.silent = Some(self.lease().registration);
        self.happens("orchestrator:o-1", &Command::Expire);
        self.silent = None;
    }

    fn told(&self) -> Vec<String> {
        let memory = self.replay.memory().expect("it remembers");
        shown(&memory.why(&session(), self.replay.fleet()))
    }
}

fn shown(lines: &[Line]) -> Vec<String> {
    let position = |line: &Line| line.position.map_or("-".into(), |position| position.to_string());
    lines.iter().map(|line| format!("{} {} {}", line.at.format("%T%.3f"), position(line), line.what)).collect()
}

fn session() -> SessionId {
    "a/0".parse().expect("a session")
}

fn access_token() -> AccessTokenId {
    "0123456789abcdef".parse().expect("an id")
}

fn spec() -> AdapterSpec {
    AdapterSpec {
        connector: "tcp".parse().expect("a connector"),
        mode: Mode::Exclusive,
        replicas: 1,
        lease_ttl_ms: LeaseTtl::from_millis(5000).expect("in bounds"),
        priority: 100,
        placement: Placement::default(),
        on_lease_loss: OnLeaseLoss::Stop,
        artifacts: vec![],
        settings: serde_json::Map::from_iter([("address".to_owned(), "venue:7001".into())]),
    }
}

#[test]
fn a_placement_goes_back_to_who_enabled_the_adapter() {
    let story = Story::begin(Memory::default());
    assert_eq!(
        story.told(),
        [
            "10:32:01.000 1 adapter a was declared",
            "10:32:01.000 2 adapter a was enabled, because adapter a was declared (1)",
            "10:32:02.000 3 pod-1 registered as i1, with room for 5",
            "10:32:02.000 4 pod-1 was given it, under token 1099511627780, because pod-1 had registered (3)",
            "10:32:04.000 6 it was reported ACTIVE",
        ]
    );
    let lines = story.replay.memory().expect("it remembers").why(&session(), story.replay.fleet());
    let who: Vec<_> = lines.iter().filter_map(|line| line.who.as_deref()).collect();
    assert_eq!((who[1], who[4]), ("ordered by admin:ann via token:1", "reported by pod:pod-1 via token:2"));
}

#[test]
fn a_takeover_goes_back_to_the_last_heartbeat() {
    let mut story = Story::begin(Memory::default());
    story.at += TimeDelta::seconds(10);
    story.dies();
    let told = story.told();
    assert_eq!(
        told[2..],
        [
            "10:32:09.997 - the last that was heard of pod-1",
            "10:32:15.000 7 the lease of pod-1 expired: nothing had been heard of it for 5.003 s, the timeout is 5.000 s, and it had to \
             stop trusting the lease 503 ms before",
            "10:32:15.000 9 pod-2 took it over, under token 1099511627785, because the lease of pod-1 on it had expired (7)",
        ]
    );
}

#[test]
fn a_handover_goes_back_to_the_order() {
    let mut story = Story::begin(Memory::default());
    let order = MoveSession { session: session(), to: "pod-2".parse().expect("a name") };
    story.happens("operator:ben via token:3", &Command::Move(order));
    story.releases();
    assert_eq!(
        story.told()[2..],
        [
            "10:32:05.000 7 it was ordered to move to pod-2",
            "10:32:06.000 8 pod-1 closed it so that it could run elsewhere, because it was to move to pod-2 (7)",
            "10:32:06.000 9 pod-2 was handed it, under token 1099511627785, because pod-1 had closed it (8)",
        ]
    );
}

#[test]
fn a_drain_is_the_cause_of_the_moves_that_it_leads_to() {
    let mut story = Story::begin(Memory::default());
    let drain =
        Drain { pod: "pod-1".parse().expect("a name"), incarnation: None, access_token: None, reason: Some("kernel update".into()) };
    story.happens("operator:ben via token:3", &Command::Drain(drain));
    story.releases();
    let told = story.told();
    assert_eq!(told[2], "10:32:05.000 7 pod-1 was ordered to hand over its sessions: kernel update");
    assert_eq!(told[3], "10:32:05.000 8 it was ordered to move to pod-2, because pod-1 was to hand over its sessions (7)");
}

#[test]
fn an_expiry_under_a_lost_name_goes_back_to_the_new_start() {
    let mut story = Story::begin(Memory::default());
    story.registers("pod-1", "i3");
    story.dies();
    let told = story.told();
    assert!(told.iter().any(|line| line.contains("503 ms before, because pod-1 had registered (7)")), "{told:#?}");
}

#[test]
fn a_session_at_rest_says_who_disabled_it() {
    let mut story = Story::begin(Memory::default());
    let disable = SetEnabled { targets: Targets::All, enabled: false, reason: Some("weekend".into()) };
    story.happens("operator:ben via token:3", &Command::SetEnabled(disable));
    story.releases();
    assert_eq!(
        story.told(),
        ["10:32:05.000 7 adapter a was disabled: weekend", "10:32:06.000 8 pod-1 closed it, because adapter a was disabled: weekend (7)",]
    );
}

#[test]
fn a_life_counts_what_it_was_owned_and_what_it_waited() {
    let mut story = Story::begin(Memory::with_life_of(session()));
    story.dies();
    let disable = SetEnabled { targets: Targets::All, enabled: false, reason: None };
    story.happens("operator:ben via token:3", &Command::SetEnabled(disable));
    story.releases();
    let memory = story.replay.memory().expect("it remembers");
    let life = memory.life().expect("a life");
    let told = shown(life.lines());
    let remark =
        |position: &str| told.iter().find(|line| line.contains(position)).and_then(|line| line.split("; ").nth(1)).map(str::to_owned);
    assert_eq!(remark(" 4 "), Some("after 1.000 s without an owner".into()));
    assert_eq!(remark(" 7 "), Some("it had been owned for 3.000 s".into()));
    assert_eq!(remark(" 8 "), None, "expiry and takeover leave no gap");
    let totals = life.totals(story.replay.fleet(), story.at + TimeDelta::seconds(100));
    assert_eq!((totals.ownerships, totals.expiries, totals.silent_ms), (2, 1, 5003));
    assert_eq!((totals.owned_ms, totals.without_owner_ms), (5000, 1000));
}

#[test]
fn a_length_is_as_precise_as_it_is_short() {
    let shown = |ms| span(TimeDelta::milliseconds(ms));
    assert_eq!([shown(-5), shown(12), shown(5003), shown(59_999)], ["0 ms", "12 ms", "5.003 s", "59.999 s"]);
    assert_eq!([shown(182_000), shown(7_500_000), shown(273_600_000)], ["3 min 2 s", "2 h 5 min", "3 d 4 h"]);
}
