//! Whatever reads old events while the system runs goes on when they are sealed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use conncentric::domain::name::RegistrationId;
use conncentric::domain::token::Position;
use conncentric::log::{build_projections, load_fleet, migrate};
use conncentric::wire::session::{MoveAnswer, MoveRequest};
use reqwest::Method;
use rustix::process::Signal;
use serde_json::Value;

use super::{Fixture, fail, outcome, succeed};
use crate::support::big_log::{self, Size};
use crate::support::postgres::Database;
use crate::support::sound::assert_sound;
use crate::support::system::System;
use crate::support::wait::{SOON, eventually, holds};
use crate::support::walk::Walk;

/// I6 on a log that is sealed up to its end again and again: the projections do not miss what is away.
#[tokio::test]
async fn projections_go_on_as_if_nothing_were_sealed() {
    let mut fixture = Fixture::begin("seal_fold").await;
    let mut files = Vec::new();
    for round in 0..8 {
        let file = format!("{round}.jsonl");
        fixture.seal(fixture.head() + 1, &file).await;
        files.push(file);
        for step in 0..30 {
            let command = fixture.walk.any_command();
            fixture.walk.command(&command).await;
            let (loaded, _) = load_fleet(&mut fixture.walk.connection).await.expect("loads");
            assert_eq!(loaded, fixture.walk.fleet, "round {round}, step {step}: after {command:?}");
        }
    }
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    fixture.succeed(&["unseal"], &files).await;
    let mut owner = fixture.database.connect().await;
    let transaction = owner.transaction().await.expect("begins");
    build_projections(&transaction, "scratch").await.expect("builds");
    for table in [
        "adapter",
        "session",
        "session_status",
        "registration",
        "registration_history",
        "ownership",
        "epoch",
        "adapter_log",
        "ledger_archive",
    ] {
        let difference = format!(
            "select (select count(*) from (table projection.{table} except table scratch.{table}) a)
                  + (select count(*) from (table scratch.{table} except table projection.{table}) b)"
        );
        let different: i64 = transaction.query_one(&difference, &[]).await.expect("compares").get(0);
        assert_eq!(different, 0, "{table} differs");
    }
    transaction.rollback().await.expect("ends");
    fixture.succeed(&["verify"], &[]).await;
}

async fn ownership_at(system: &System, at: &str) -> Value {
    system.call::<(), Value>(Method::GET, &format!("/v1/ownership?at={at}"), None).await.expect("an answer")
}

#[tokio::test]
async fn a_failover_log_that_is_half_sealed_goes_on() {
    let ttl = Duration::from_secs(2);
    let mut system = System::start("seal_failover", 2, 2).await;
    let before = system.declare(&system.many_to_venue(4, ttl)).await;
    // An order to move that is still under way when it is sealed is looked for in the projections.
    let (session, owner) = before.iter().next().expect("a session");
    let to = if owner.pod() == "pod-1" { "pod-2" } else { "pod-1" };
    let request = MoveRequest { to: to.parse().expect("a name"), dry_run: false };
    let _: MoveAnswer = system.call(Method::POST, &format!("/v1/sessions/{session}/move"), Some(&request)).await.expect("ordered");
    let moved = system.until_active(SOON).await;
    system.pod("pod-1").kill().await;
    let taken = system.until_off(SOON, "pod-1").await;
    assert_ne!(moved, taken);

    let owner = system.database.connect().await;
    let sealed_to: Position =
        owner.query_one("select max(position) from event where not pulse and type = 'SessionClaimed'", &[]).await.expect("reads").get(0);
    let times = owner.query("select distinct recorded_at::text from event where position <= $1", &[&sealed_to]).await.expect("reads");
    let times =
        times.iter().map(|row| row.get::<_, String>(0).replace(' ', "T").replace('+', "%2B")).step_by(3).map(|at| format!("{at}:00"));
    let moments: Vec<String> = (1..=sealed_to).map(|position| position.to_string()).chain(times).collect();
    let mut answers = Vec::new();
    for moment in &moments {
        answers.push(ownership_at(&system, moment).await);
    }
    let beats = "select position, pod, incarnation from heartbeat where position <= $1 order by 1, 2";
    let heard = owner.query(beats, &[&sealed_to]).await.expect("reads").iter().map(|row| format!("{row:?}")).collect::<Vec<_>>();
    assert!(heard.iter().all(|row| !row.is_empty()) && !heard.is_empty());

    let (url, folder) = (system.database.url.clone(), system.folder().to_owned());
    let archive = folder.join("ledger.jsonl").display().to_string();
    let position = (sealed_to + 1).to_string();
    let said = succeed(&url, &["seal", "--keep", "0s", "--before", &position, "--archive", &archive, "--reason", "a test"], &[]).await;
    assert!(said.contains(&format!("positions 1 to {sealed_to}, in ledger.jsonl")), "{said}");
    let left: i64 =
        owner.query_one("select count(*) from event where not pulse and position <= $1", &[&sealed_to]).await.expect("counts").get(0);
    assert_eq!(left, 0);

    // The past is answered as before, to the byte.
    for (moment, answer) in moments.iter().zip(&answers) {
        assert_eq!(&ownership_at(&system, moment).await, answer, "at {moment}");
    }
    let still = owner.query(beats, &[&sealed_to]).await.expect("reads");
    assert!(still.iter().all(|row| row.get::<_, Option<String>>(1).is_some()), "pulses still say who was heard");

    // The event log of an adapter keeps its words; the details are in the archive.
    let text = session.to_string();
    let adapter = text.split('/').next().expect("a name");
    let log: Value = system.call::<(), Value>(Method::GET, &format!("/v1/adapters/{adapter}/log"), None).await.expect("an answer");
    let entries = log["entries"].as_array().expect("entries");
    let sealed = entries.iter().filter(|entry| entry["position"].as_i64() <= Some(sealed_to)).collect::<Vec<_>>();
    assert!(!sealed.is_empty() && sealed.iter().all(|entry| entry["details"] == serde_json::json!({ "sealed": true })), "{log:#}");

    // People are told.
    let (status, shown) = system.cli(&["get", "events", "--after", "0", "--limit", "3"]).await;
    assert!(status.success() && shown.contains(&format!("positions 1 to {sealed_to} are sealed, in ledger.jsonl")), "{shown}");
    let (status, shown) = system.cli(&["get", "events", "1"]).await;
    assert!(!status.success() && shown.contains("position 1 is sealed, in ledger.jsonl"), "{shown}");
    let refused = system.call::<(), Value>(Method::GET, "/v1/events/stream?after=1", None).await.expect_err("refused").to_string();
    assert!(refused.contains("ledger.jsonl"), "{refused}");

    // The system goes on: registrations, expiries, takeovers, a restart of an orchestrator that loads what there is.
    system.pod("pod-1").start_again();
    system.orchestrator(0).kill().await;
    system.orchestrator(0).start_again();
    system.orchestrator(0).line_with("following the log").await;
    system.pod("pod-1").line_with("registered as").await;
    system.pod("pod-2").kill().await;
    system.until_off(SOON, "pod-2").await;

    verified_with_the_archive(&system, &url, &archive, sealed_to, &answers).await;
    succeed(&url, &["unseal", &archive], &[]).await;
    assert_sound(&system).await;
    let report: Value = serde_json::from_str(&succeed(&url, &["verify", "-o", "json"], &[]).await).expect("JSON");
    assert_eq!(outcome(&report, "rows"), "sound");
}

async fn verified_with_the_archive(system: &System, url: &str, archive: &str, sealed_to: Position, answers: &[Value]) {
    let missing = fail(url, &["verify"], &[]).await;
    assert!(missing.contains(&format!("positions 1 to {sealed_to} are sealed, in the file ledger.jsonl (SHA-256 ")), "{missing}");
    let missing = fail(url, &["replay"], &[]).await;
    assert!(missing.contains("name it with --archive ledger.jsonl"), "{missing}");

    let report: Value = serde_json::from_str(&succeed(url, &["verify", "-o", "json", "--archive", archive], &[]).await).expect("JSON");
    for (step, how) in [("log", "sound"), ("fold", "sound"), ("ownership", "sound"), ("rebuild", "skipped"), ("rows", "skipped")] {
        assert_eq!(outcome(&report, step), how, "{report}");
    }
    for position in [1, sealed_to / 2, sealed_to] {
        let at = position.to_string();
        let replayed = succeed(url, &["replay", "-o", "json", "--at", &at, "--archive", archive], &[]).await;
        let replayed: Value = serde_json::from_str(&replayed).expect("JSON");
        assert_eq!(replayed, answers[usize::try_from(position - 1).expect("small")], "at {position}");
    }
    let head: Position =
        system.database.connect().await.query_one("select ledger_position from event_head", &[]).await.expect("reads").get(0);
    let replayed = succeed(url, &["replay", "-o", "json", "--at", &head.to_string(), "--archive", archive], &[]).await;
    assert_eq!(serde_json::from_str::<Value>(&replayed).expect("JSON"), ownership_at(system, &head.to_string()).await);
}

/// An orchestrator that slept while events that it has not seen were sealed must not fold on as if there had been none.
#[tokio::test]
async fn an_orchestrator_that_slept_over_a_seal_loads_the_projections_anew() {
    sleep_over_a_seal("seal_slept", false).await;
}

/// Nor may it take what was sealed for lost when it has to connect again: a new epoch would put every lease in doubt.
#[tokio::test]
async fn an_orchestrator_that_was_cut_off_over_a_seal_misses_nothing() {
    sleep_over_a_seal("seal_cut_off", true).await;
}

async fn sleep_over_a_seal(name: &str, cut_off: bool) {
    let ttl = Duration::from_secs(30);
    let mut system = System::start(name, 2, 1).await;
    system.declare(&system.many_to_venue(1, ttl)).await;
    system.orchestrator(0).signal(Signal::STOP);
    let other = system.urls()[1].clone();
    let token = system.folder().join("admin.token").display().to_string();
    for reason in ["one", "two"] {
        for command in ["disable", "enable"] {
            let arguments = [command, "venue-a", "--reason", reason, "--server", other.as_str(), "--token-file", &token];
            succeed(&system.database.url, &arguments, &[]).await;
        }
    }
    let head: Position = system.database.connect().await.query_one("select position from event_head", &[]).await.expect("reads").get(0);
    let archive = system.folder().join("ledger.jsonl").display().to_string();
    succeed(&system.database.url, &["seal", "--keep", "0s", "--before", &(head + 1).to_string(), "--archive", &archive], &[]).await;
    if cut_off {
        let all = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
        system.database.connect().await.execute(all, &[]).await.expect("cuts everybody off");
    }
    system.orchestrator(0).signal(Signal::CONT);
    eventually(SOON, async || {
        let (one, other) =
            (system.sessions_at(0).await.map_err(|e| e.to_string())?, system.sessions_at(1).await.map_err(|e| e.to_string())?);
        let of = |views: &[conncentric::wire::session::SessionView]| {
            views.iter().map(|view| (view.session.clone(), view.token)).collect::<Vec<_>>()
        };
        holds(of(&one) == of(&other), format!("{one:?} and {other:?}"))
    })
    .await;
    let log = system.orchestrator(0).log();
    assert!(log.contains("are sealed; the projections say what they come to"), "{log}");
    assert!(!log.contains("LOST"), "{log}");
    let epoch: i32 = system.database.connect().await.query_one("select epoch from event_head", &[]).await.expect("reads").get(0);
    assert_eq!(epoch, 1, "{log}");
    succeed(&system.database.url, &["unseal", &archive], &[]).await;
    assert_sound(&system).await;
}

/// The removal takes long, the lock on the head does not.
#[tokio::test]
async fn nobody_waits_for_a_seal() {
    let database = Database::create("seal_load").await;
    migrate(&database.url).await.expect("migrates");
    let owner = database.connect().await;
    let size = Size { single: 20, balanced: 2, pods: 4 };
    big_log::write(&owner, size, 20_000).await.expect("written");
    big_log::project(&owner).await.expect("projected");
    let mut walk = Walk::begin(&database).await;
    let before = walk.fleet.ledger_position();
    let folder = tempfile::tempdir().expect("a folder");
    let archive = folder.path().join("ledger.jsonl").display().to_string();
    let over = AtomicBool::new(false);
    let sealing = async {
        let position = before.to_string();
        succeed(&database.url, &["seal", "--keep", "0s", "--before", &position, "--archive", &archive], &[]).await;
        over.store(true, Ordering::Relaxed);
    };
    let appending = async {
        let (mut slowest, mut beat) = (Duration::ZERO, 0);
        while !over.load(Ordering::Relaxed) {
            let began = Instant::now();
            // A heartbeat; it finds the record of the seal before it once.
            if walk.append(vec![], vec![(RegistrationId(1), beat)]).await.is_err() {
                walk.fleet = load_fleet(&mut walk.connection).await.expect("loads").0;
            }
            slowest = slowest.max(began.elapsed());
            beat += 1;
        }
        (slowest, beat)
    };
    let ((), (slowest, beats)) = tokio::join!(sealing, appending);
    assert!(slowest < Duration::from_secs(1), "a heartbeat took {slowest:?}");
    assert!(beats > 3, "there was load");
    succeed(&database.url, &["verify", "--archive", &archive], &[]).await;
}
