//! What people are shown of sessions and adapters.

use super::facts::*;
use super::given::{Given, given};
use super::orders::*;
use super::shapes::*;
use crate::domain::explain::{adapter_status, next_owner, status_of};
use crate::domain::status::OperationalStatus::{self, Active, Claiming, Error, Inactive};

impl Given {
    #[track_caller]
    fn shows(self, id: &str, status: OperationalStatus, reason: &str) -> Self {
        let reason = (!reason.is_empty()).then(|| reason.to_owned());
        assert_eq!(status_of(&self.fleet, &session(id), &self.silences), (status, reason));
        self
    }

    #[track_caller]
    fn shows_adapter(self, name: &str, status: OperationalStatus, reason: &str) -> Self {
        let reason = (!reason.is_empty()).then(|| reason.to_owned());
        assert_eq!(adapter_status(&self.fleet, &adapter(name), &self.silences), (status, reason));
        self
    }

    #[track_caller]
    fn next_is(self, id: &str, pod: Option<&str>) -> Self {
        assert_eq!(next_owner(&self.fleet, &session(id), &self.silences), pod.map(pod_name));
        self
    }
}

/// pod-1 runs a/0.
fn running_on_pod_1() -> Given {
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1"), active("a/0")])
}

#[test]
fn a_disabled_session_says_so_and_why() {
    given([declared("a", exclusive())]).shows("a/0", Inactive, "the adapter is disabled");
    running_on_pod_1().and([disabled_for("a", "new certificates"), released("a/0")]).shows(
        "a/0",
        Inactive,
        "the adapter is disabled: new certificates",
    );
}

#[test]
fn a_session_without_an_owner_says_what_it_waits_for() {
    given([declared("a", exclusive().units(9)), enabled("a")])
        .shows("a/0", Claiming, "no pod is registered")
        .and([registered(pod("pod-1"))])
        .shows("a/0", Claiming, "no pod has room for 9 more")
        .and([registered(pod("pod-2").room(9))])
        .shows("a/0", Claiming, "waiting to be claimed")
        .silent("pod-2", 5_000)
        .shows("a/0", Claiming, "the pods that could run it are silent");
}

#[test]
fn an_owned_session_shows_what_its_pod_reports() {
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-2")), placed("a/0", "pod-2")])
        .shows("a/0", Claiming, "pod-2 is starting it")
        .and([reported("a/0", Claiming, Some("logging in"))])
        .shows("a/0", Claiming, "logging in")
        .and([active("a/0")])
        .shows("a/0", Active, "")
        .and([reported("a/0", Error, Some("connection refused"))])
        .shows("a/0", Error, "connection refused")
        .and([reported("a/0", Error, None)])
        .shows("a/0", Error, "pod-2 reports an error and gives no reason");
}

#[test]
fn a_session_that_is_to_close_says_why() {
    running_on_pod_1().after(disable(&["a"])).shows("a/0", Active, "closing: the adapter is disabled");
    running_on_pod_1().and([registered(pod("pod-2")), move_ordered("a/0", "pod-2")]).shows("a/0", Active, "closing: it moves to pod-2");
}

#[test]
fn a_silent_owner_is_counted_down() {
    running_on_pod_1()
        .silent("pod-1", 2_500)
        .shows("a/0", Active, "")
        .silent("pod-1", 3_100)
        .shows("a/0", Active, "nothing heard of pod-1 for 3.1 s; its lease expires in 1.9 s")
        .silent("pod-1", 5_200)
        .shows("a/0", Active, "nothing heard of pod-1 for 5.2 s; its lease is about to end")
        .and([reported("a/0", Error, Some("connection refused"))])
        .silent("pod-1", 4_000)
        .shows("a/0", Error, "connection refused; nothing heard of pod-1 for 4.0 s; its lease expires in 1.0 s");
}

#[test]
fn a_lease_of_a_process_that_was_replaced_says_what_it_waits_for() {
    running_on_pod_1().after(register(pod("pod-1#2"))).silent("pod-1#1", 1_000).shows(
        "a/0",
        Active,
        "pod-1 has started anew; unless the process before it closes the session, its lease expires in 4.0 s",
    );
}

#[test]
fn a_session_that_cannot_leave_a_draining_pod_says_why() {
    running_on_pod_1()
        .after(drain("pod-1"))
        .shows("a/0", Active, "pod-1 is draining, but there is no other pod")
        .and([registered(pod("pod-2").room(0))])
        .shows("a/0", Active, "pod-1 is draining, but no pod has room for 1 more");
}

#[test]
fn what_does_not_exist_is_inactive_and_says_so() {
    given([]).shows("a/0", Inactive, "there is no session a/0").shows_adapter("a", Inactive, "there is no adapter a");
    running_on_pod_1().shows("a/1", Inactive, "there is no session a/1");
}

#[test]
fn an_adapter_fares_as_the_least_well_of_its_sessions() {
    given([declared("a", load_balanced(3)), enabled("a"), registered(pod("pod-1"))])
        .and([placed("a/0", "pod-1"), placed("a/1", "pod-1"), placed("a/2", "pod-1"), active("a/0"), active("a/1")])
        .shows_adapter("a", Claiming, "a/2: pod-1 is starting it")
        .and([reported("a/1", Error, Some("connection refused"))])
        .shows_adapter("a", Error, "a/1: connection refused")
        .and([active("a/1"), active("a/2")])
        .shows_adapter("a", Active, "");
}

#[test]
fn an_active_adapter_still_says_what_threatens_one_of_its_sessions() {
    given([declared("a", load_balanced(2)), enabled("a"), registered(pod("pod-1")), registered(pod("pod-2"))])
        .and([placed("a/0", "pod-1"), placed("a/1", "pod-2"), active("a/0"), active("a/1")])
        .silent("pod-2", 4_000)
        .shows_adapter("a", Active, "a/1: nothing heard of pod-2 for 4.0 s; its lease expires in 1.0 s");
}

#[test]
fn an_adapter_is_inactive_once_all_its_sessions_have_closed() {
    given([declared("a", load_balanced(2)), enabled("a"), registered(pod("pod-1"))])
        .and([placed("a/0", "pod-1"), placed("a/1", "pod-1"), active("a/0"), active("a/1"), disabled_for("a", "night")])
        .shows_adapter("a", Active, "a/0: closing: the adapter is disabled")
        .and([released("a/0")])
        .shows_adapter("a", Active, "a/1: closing: the adapter is disabled")
        .and([released("a/1")])
        .shows_adapter("a", Inactive, "the adapter is disabled: night");
}

#[test]
fn the_next_owner_is_whoever_would_be_chosen_without_the_present_one() {
    running_on_pod_1()
        .next_is("a/0", None)
        .and([registered(pod("pod-3")), registered(pod("pod-2"))])
        .next_is("a/0", Some("pod-2"))
        .silent("pod-2", 4_000)
        .next_is("a/0", Some("pod-3"));
}

#[test]
fn the_target_of_a_move_is_next_though_its_room_is_kept() {
    running_on_pod_1()
        .and([registered(pod("pod-2")), registered(pod("pod-3").room(1)), move_ordered("a/0", "pod-3")])
        .next_is("a/0", Some("pod-3"));
}

#[test]
fn a_newer_start_of_the_owner_s_pod_may_be_next() {
    running_on_pod_1().after(register(pod("pod-1#2"))).next_is("a/0", Some("pod-1"));
}

#[test]
fn a_session_without_an_owner_has_a_next_one_too() {
    given([declared("a", exclusive()), registered(pod("pod-1"))]).next_is("a/0", None).and([enabled("a")]).next_is("a/0", Some("pod-1"));
}

#[test]
fn only_exclusive_sessions_name_a_next_owner() {
    given([declared("a", load_balanced(1)), enabled("a"), registered(pod("pod-1"))]).next_is("a/0", None);
    given([declared("a", single()), enabled("a"), registered(pod("pod-1"))]).next_is("a/0", None);
    running_on_pod_1().next_is("nope/0", None).next_is("a/1", None);
}
