//! History that contradicts itself is refused, whatever wrote it, and says where and why.

use super::facts::*;
use super::given::{Given, given, in_epoch};
use super::shapes::*;
use crate::domain::decide::provisional;
use crate::domain::event::Recorded;
use crate::domain::event::{AdapterRevised, Event, LeaseExpired, PodRegistered, SessionClaimed, SessionReleased};
use crate::domain::evolve::{Corrupt, evolve};
use crate::domain::fleet::Fleet;
use crate::domain::name::RegistrationId;
use crate::domain::token::Epoch;

impl Given {
    /// This event, however it came to be, cannot come next.
    #[track_caller]
    pub(crate) fn contradicts(&self, fact: &Fact, problem: &str) {
        let recorded = provisional(&self.fleet, fact.event(&self.fleet), None);
        self.contradicts_as_recorded(&recorded, problem);
    }

    #[track_caller]
    fn contradicts_as_recorded(&self, recorded: &Recorded, problem: &str) {
        let Corrupt { position, problem: found } = evolve(self.fleet.clone(), recorded).expect_err("it contradicts history");
        assert_eq!(position, recorded.position);
        assert!(found.starts_with(recorded.event.type_name()) && found.contains(problem), "{found}");
    }

    /// An event with something in it changed.
    fn forged(&self, fact: &Fact, change: impl FnOnce(&mut Event)) -> Recorded {
        let mut event = fact.event(&self.fleet);
        change(&mut event);
        provisional(&self.fleet, event, None)
    }
}

/// pod-1 runs a/0 under token 5; pod-2 stands by.
fn running_on_pod_1() -> Given {
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), registered(pod("pod-2")), placed("a/0", "pod-1")])
}

#[test]
fn positions_and_epochs_do_not_go_back() {
    let world = running_on_pod_1();
    let next = world.forged(&active("a/0"), |_| {});
    for position in [world.fleet.ledger_position(), 1, 0] {
        world.contradicts_as_recorded(&Recorded { position, ..next.clone() }, "does not come after 5");
    }
    world.contradicts_as_recorded(&Recorded { epoch: Epoch(0), ..next }, "epoch 0 follows epoch 1");
}

#[test]
fn pulses_leave_gaps_between_ledger_events() {
    let world = running_on_pod_1();
    let later = Recorded { position: 1_000, ..world.forged(&active("a/0"), |_| {}) };
    assert_eq!(evolve(world.fleet, &later).expect("it may come next").ledger_position(), 1_000);
}

#[test]
fn adapters_begin_once_and_change_in_order() {
    let world = running_on_pod_1();
    world.contradicts(&declared("a", exclusive()), "adapter a exists already");
    world.contradicts(&enabled("a"), "in that state already");
    let skipped = world.forged(&revised("a", exclusive()), |event| {
        if let Event::AdapterRevised(AdapterRevised { revision, .. }) = event {
            *revision = 3;
        }
    });
    world.contradicts_as_recorded(&skipped, "revision 3 follows 1");
    world.contradicts(&deleted("a"), "still owned");
    world.contradicts(&deleted("nope"), "there is no adapter nope");
}

#[test]
fn pods_register_in_order_and_go_without_leases() {
    let world = running_on_pod_1();
    world.contradicts(&registered(pod("pod-1")), "is registered already");
    let skipped = world.forged(&registered(pod("pod-3")), |event| {
        if let Event::PodRegistered(PodRegistered { registration, .. }) = event {
            *registration = RegistrationId(9);
        }
    });
    world.contradicts_as_recorded(&skipped, "registration 9 follows 2");
    world.contradicts(&left("pod-1"), "pod-1 still holds leases");
    world.contradicts(&lost("pod-1", 5_000), "pod-1 still holds leases");
    world.contradicts(&resumed("pod-1"), "is Ready");
    running_on_pod_1().and([drained("pod-1")]).contradicts(&drained("pod-1"), "is Draining");
}

#[test]
fn nobody_claims_what_is_owned_or_should_not_run() {
    running_on_pod_1().contradicts(&placed("a/0", "pod-2"), "owns a/0 already");
    running_on_pod_1().contradicts(&placed("a/0", "pod-1"), "owns a/0 already");
    running_on_pod_1().contradicts(&placed("a/1", "pod-2"), "a/1 is not to run");
    running_on_pod_1().and([released("a/0"), disabled("a")]).contradicts(&placed("a/0", "pod-2"), "a/0 is not to run");
}

#[test]
fn a_claim_is_made_by_the_holder_of_the_registration() {
    let world = running_on_pod_1().and([released("a/0")]);
    let forged = world.forged(&placed("a/0", "pod-2"), |event| {
        if let Event::SessionClaimed(SessionClaimed { registration, .. }) = event {
            *registration = RegistrationId(1);
        }
    });
    world.contradicts_as_recorded(&forged, "registration 1 is pod-1 (1), not pod-2 (1)");
}

#[test]
fn a_token_that_does_not_fit_is_refused_and_never_wraps() {
    let world = running_on_pod_1().and([released("a/0")]);
    let next = world.forged(&placed("a/0", "pod-2"), |_| {});
    world.contradicts_as_recorded(&Recorded { position: 1 << 40, ..next.clone() }, "below 2^63");
    let far = Given { fleet: in_epoch(world.fleet, Epoch(1 << 23)), ..world };
    far.contradicts_as_recorded(&Recorded { epoch: Epoch(1 << 23), position: next.position + 1, ..next }, "below 2^63");
}

#[test]
fn an_ownership_ends_once_and_under_its_own_token() {
    let world = running_on_pod_1();
    let under_another_token = world.forged(&expired("a/0", 5_000), |event| {
        if let Event::LeaseExpired(LeaseExpired { token: given, .. }) = event {
            *given = token(4);
        }
    });
    world.contradicts_as_recorded(&under_another_token, "nobody owns a/0 under token");
    let by_another_pod = world.forged(&released("a/0"), |event| {
        if let Event::SessionReleased(SessionReleased { pod, .. }) = event {
            *pod = pod_name("pod-2");
        }
    });
    world.contradicts_as_recorded(&by_another_pod, "pod-1 (1) holds the lease, not pod-2 (1)");
    let release = world.forged(&released("a/0"), |_| {});
    let ended = running_on_pod_1().and([released("a/0")]);
    let again = Recorded { position: ended.fleet.ledger_position() + 1, ..release };
    ended.contradicts_as_recorded(&again, "nobody owns a/0 under token");
}

#[test]
fn a_move_is_ordered_once() {
    running_on_pod_1().and([move_ordered("a/0", "pod-2")]).contradicts(&move_ordered("a/0", "pod-2"), "being moved already");
}

#[test]
fn access_tokens_are_made_once_and_revoked_once() {
    use crate::domain::identity::Role;
    let made = || access_token_created('c', "ci", Role::Viewer, None);
    given([made()]).contradicts(&made(), "exists already");
    given([]).contradicts(&access_token_revoked('c'), "there is no access token");
}

#[test]
fn only_so_many_former_starts_are_remembered() {
    let starts = (1..=30).map(|start| registered(pod(&format!("pod-1#{start}"))));
    let world = given(starts);
    let (_, current) = world.fleet.pod(&pod_name("pod-1")).expect("registered");
    assert_eq!(current.former.len(), 16);
    assert_eq!(current.former.last().map(ToString::to_string).as_deref(), Some("29"));
}

#[test]
fn the_same_history_in_one_go_or_step_by_step_is_the_same_fleet() {
    let whole = running_on_pod_1().and([active("a/0"), released("a/0")]);
    let steps = given([declared("a", exclusive())]).and([enabled("a"), registered(pod("pod-1"))]).and([registered(pod("pod-2"))]);
    let steps = steps.and([placed("a/0", "pod-1")]).and([active("a/0"), released("a/0")]);
    assert_eq!(whole.fleet, steps.fleet);
    assert_ne!(whole.fleet, Fleet::new(Epoch(1)));
}

#[test]
fn versions_of_an_artifact_follow_each_other() {
    given([]).contradicts(&artifact_stored("x", 2, 1), "version 2 of x follows 0");
    given([artifact_stored("x", 1, 1)]).contradicts(&artifact_stored("x", 1, 2), "version 1 of x follows 1");
    given([]).contradicts(&artifact_deleted("x"), "there is no artifact x");
    given([artifact_stored("x", 1, 1), artifact_deleted("x")]).contradicts(&artifact_deleted("x"), "there is no artifact x");
}
