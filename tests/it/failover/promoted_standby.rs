//! A failover of the database to its standby (I4, I5, I7). `CONNCENTRIC_TIMES=50` tries each as often.

use std::time::Duration;

use conncentric::domain::event::{EpochBegan, EpochCause, Event};
use conncentric::domain::identity::Role;
use conncentric::wire::access_token::{CreateAccessToken, CreatedAccessToken};
use conncentric::wire::event::{EventPage, EventView};
use reqwest::Method;
use uuid::Uuid;

use super::{epochs, until_none_is_outdated, until_the_epoch_is_known};
use crate::support::postgres::{Database, Guarded};
use crate::support::process::Process;
use crate::support::sound::assert_sound;
use crate::support::standby::{Replication, Standby};
use crate::support::system::{Owners, System, times};
use crate::support::wait::SOON;

/// Long enough for a promotion on a busy machine.
const TTL: Duration = Duration::from_secs(8);

async fn with_a_standby(replication: Replication) -> (Guarded, Standby, System, Owners) {
    let guarded = Guarded::start().await;
    let mut database = Database::create_in(&guarded, "promoted").await;
    let standby = Standby::attach(&guarded, replication).await;
    database.also_at(guarded.cluster.port(), standby.port);
    let mut system = System::start_on(database, 2).await;
    let urls = system.urls();
    for pod in ["pod-1", "pod-2"] {
        system.add_pod(pod, &urls).await;
    }
    let owners = system.declare(&system.many_to_venue(4, TTL)).await;
    (guarded, standby, system, owners)
}

async fn make_token(system: &System, name: &str) {
    let request = CreateAccessToken { name: name.to_owned(), role: Role::Viewer, pod: None };
    let _: CreatedAccessToken = system.call(Method::POST, "/v1/tokens", Some(&request)).await.expect("a token");
}

async fn end(guarded: Guarded, standby: Standby, system: System) {
    drop(system);
    standby.end().await;
    guarded.end();
}

/// What was acknowledged was on the standby, so nothing is lost: a new epoch, and everybody keeps what they have.
#[tokio::test]
async fn the_promotion_of_a_synchronous_standby_loses_and_moves_nothing() {
    for _ in 0..times() {
        let (guarded, standby, system, before) = with_a_standby(Replication::Synchronous).await;
        make_token(&system, "acknowledged").await;
        standby.promote().await;

        until_the_epoch_is_known(&system).await;
        system.until_heard(&["pod-1", "pod-2"], 2).await;
        let settled = system.until_active(SOON).await;
        assert_eq!(settled, before, "nobody of the living loses a session");
        let began = epochs(&system).await;
        assert!(matches!(began.as_slice(), [EpochBegan { because: EpochCause::Promoted, .. }]), "{began:?}");
        let made = system.events_of(|event| if let Event::AccessTokenCreated(made) = event { Some(made) } else { None }).await;
        assert_eq!(made.iter().filter(|made| made.name == "acknowledged").count(), 1);
        let journal = system.journal();
        journal.assert_one_believer_at_a_time();
        assert!(journal.count("LOGOUT").is_empty(), "no session was interrupted");
        assert_sound(&system).await;
        end(guarded, standby, system).await;
    }
}

/// The standby has not got the last claims: what is lost is known, and no token is given out twice.
#[tokio::test]
async fn the_promotion_of_a_lagging_standby_repeats_no_token() {
    for _ in 0..times() {
        let (guarded, standby, mut system, _) = with_a_standby(Replication::Asynchronous).await;
        system.until_heard(&["pod-1"], 1).await;
        standby.cut_off().await;
        let urls = system.urls();
        system.add_pod("pod-3", &urls).await;
        let (ended, said) = system.cli(&["drain", "pod-1"]).await;
        assert!(ended.success(), "{said}");
        let lost = system.until_off(SOON, "pod-1").await;
        let known = lost.values().map(|owner| owner.token.position()).max().expect("an owner");
        let mut follower = system.start_cli(&["get", "events", "--follow", "--limit", "1000", "-o", "json"]);
        follower.line_with(&format!("\"position\":{known},")).await;
        standby.promote().await;

        until_none_is_outdated(&system, &lost).await;
        let began = epochs(&system).await;
        let [EpochBegan { because: EpochCause::Promoted, known: Some(told), .. }] = began.as_slice() else { panic!("{began:?}") };
        assert!(*told >= known, "positions up to {known} were acknowledged, and {told} is said");
        system.journal().assert_one_believer_at_a_time();
        assert_heard_all(&system, &mut follower).await;
        assert_sound(&system).await;
        follower.kill().await;
        end(guarded, standby, system).await;
    }
}

/// Who follows the log hears each event of the history that goes on once and in order, although lost events had its positions.
async fn assert_heard_all(system: &System, follower: &mut Process) {
    make_token(system, "after the loss").await;
    follower.line_with("after the loss").await;
    let mut heard: Vec<EventView> = follower.log().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let began = heard.iter().position(|event| event.kind == "EpochBegan").expect("the epoch was heard");
    let heard = heard.split_off(began);
    let first = heard[0].position;
    let page: EventPage =
        system.call::<(), _>(Method::GET, &format!("/v1/events?pulses=false&limit=1000&after={}", first - 1), None).await.expect("a page");
    let written: Vec<Uuid> = page.events.iter().map(|event| event.id).collect();
    let heard: Vec<Uuid> = heard.iter().map(|event| event.id).collect();
    // What was appended since the last one was heard.
    assert_eq!(heard, written[..heard.len().min(written.len())]);
}
