//! The drill: everything is lost but a backup, and the platform comes back from it in another cluster, with no step by hand.
//! `make drill` prints how long it took.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use conncentric::log::migrate;
use rustix::process::Signal;

use super::contents::{self, Contents};
use super::lost_history::assert_verified;
use super::until_none_is_outdated;
use crate::support::postgres::{Database, Guarded};
use crate::support::standby;
use crate::support::system::{Owners, System, times};
use crate::support::wait::SOON;

const TTL: Duration = Duration::from_secs(3);

/// Two orchestrators, three pods, seven sessions, one of them of a plugin that reads an artifact; a dump of the database, and then a
/// takeover that the dump does not hold.
async fn lose(name: &str, first: &Guarded, dump: &Path) -> (System, Owners, Contents) {
    let mut system = System::start_on(Database::create_in(first, name).await, 2).await;
    let urls = system.urls();
    for pod in ["pod-1", "pod-2", "pod-3"] {
        system.add_pod(pod, &urls).await;
    }
    let contents = Contents::store(&system).await;
    let owners = system.declare(&[vec![contents::adapter(TTL)], system.many_to_venue(6, TTL)].concat()).await;
    let mut pg_dump = command(first, "pg_dump");
    pg_dump.args(["-Fc", "-d", &system.database.url]).stdout(std::fs::File::create(dump).expect("a file"));
    standby::run(pg_dump).await;
    let dead = owners.values().next().expect("an owner").pod().to_owned();
    system.pod(&dead).kill().await;
    let lost = system.until_off(SOON, &dead).await;
    for orchestrator in system.orchestrators() {
        orchestrator.kill().await;
    }
    (system, lost, contents)
}

/// Restores the dump into a database of the second cluster and starts orchestrators on it, as a chart would.
async fn restore(name: &str, system: &mut System, second: &Guarded, dump: &Path) {
    let database = Database::create_in(second, name).await;
    let mut pg_restore = command(second, "pg_restore");
    pg_restore.args(["--exit-on-error", "--no-privileges", "-d", &database.url]).stdin(std::fs::File::open(dump).expect("the dump"));
    standby::run(pg_restore).await;
    migrate(&database.url).await.expect("migrates");
    system.move_to(database);
}

fn command(guarded: &Guarded, program: &str) -> Command {
    let mut command = Command::new(guarded.cluster.binaries().program(program));
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn tell(what: &str, began: Instant) {
    writeln!(std::io::stderr(), "drill: {what}: every session ACTIVE {:.1} s after the restore began", began.elapsed().as_secs_f64())
        .expect("told");
}

#[tokio::test]
async fn drill_everything_is_lost_but_the_backup() {
    for _ in 0..times() {
        let (first, dump) = (Guarded::start().await, tempfile::NamedTempFile::new().expect("a file"));
        let (mut system, lost, contents) = lose("everything", &first, dump.path()).await;
        let pods: Vec<String> = system.pods().map(str::to_owned).collect();
        for pod in &pods {
            if system.pod(pod).is_running() {
                system.pod(pod).kill().await;
            }
            // With all that it has fetched.
            std::fs::remove_dir_all(system.folder().join(format!("{pod}.data"))).expect("removed");
        }
        first.end();

        let began = Instant::now();
        let second = Guarded::start().await;
        restore("everything", &mut system, &second, dump.path()).await;
        for pod in &pods {
            system.pod(pod).start_again();
        }
        until_none_is_outdated(&system, &lost).await;
        tell("nothing survived", began);
        contents.assert_are_back(&system).await;
        contents.until_they_run(&system).await;
        system.journal().assert_tokens_never_shrink();
        assert_verified(&system).await;
        drop(system);
        second.end();
    }
}

/// The old pods run on somewhere, and one of them does not even notice until all is over.
#[tokio::test]
async fn drill_the_old_pods_still_run() {
    for _ in 0..times() {
        let (first, dump) = (Guarded::start().await, tempfile::NamedTempFile::new().expect("a file"));
        let (mut system, lost, contents) = lose("old-pods", &first, dump.path()).await;
        first.end();
        let asleep = lost.values().next().expect("an owner").pod().to_owned();
        system.pod(&asleep).signal(Signal::STOP);

        let began = Instant::now();
        let second = Guarded::start().await;
        restore("old-pods", &mut system, &second, dump.path()).await;
        let dead = system.pods().find(|pod| !lost.values().any(|owner| owner.pod() == *pod)).map(str::to_owned).expect("the dead one");
        system.pod(&dead).start_again();
        let after = system.until_off(SOON, &asleep).await;
        tell("old pods survived, one of them asleep", began);
        system.pod(&asleep).signal(Signal::CONT);
        system.until_heard(&[&asleep], 2).await;
        contents.assert_are_back(&system).await;
        contents.until_they_run(&system).await;
        assert!(after.iter().all(|(session, owner)| owner.token >= lost[session].token), "no token shrinks");
        system.journal().assert_tokens_never_shrink();
        assert_verified(&system).await;
        drop(system);
        second.end();
    }
}
