//! The private PostgreSQL that `conncentric dev` and these tests stand on.

use conncentric::dev::postgres::{Binaries, Cluster, Halt, Options};
use rustix::process::{Signal, kill_process};

use crate::support::postgres::{Database, Guarded, connect};
use crate::support::wait::{SOON, eventually, holds};

#[tokio::test]
async fn each_test_has_a_database_that_is_gone_afterwards() {
    let database = Database::create("gone-afterwards").await;
    let owner = database.connect().await;
    owner.batch_execute("CREATE TABLE probe (n integer)").await.expect("the owner may create");
    let application = connect(&database.app_url).await;
    let role: String = application.query_one("SELECT current_user::text", &[]).await.expect("a row").get(0);
    assert_eq!(role, "conncentric_app");
    assert!(application.batch_execute("SELECT * FROM probe").await.is_err(), "the application was granted nothing");

    let other = Database::create("gone-afterwards").await.connect().await;
    let name = database.name.clone();
    drop(database);
    // The server of the other database is the same, but that database is dropped as well; a third one tells.
    drop(other);
    let third = Database::create("looks").await;
    let left = third.connect().await.query("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await.expect("rows");
    assert!(left.is_empty(), "{name} is still there");
}

#[tokio::test]
async fn a_cluster_is_gone_with_the_process_that_used_it() {
    let guarded = Guarded::start().await;
    let (home, cluster) = (guarded.cluster.home().to_owned(), guarded.cluster.clone());
    assert!(cluster.pid().is_some() && home.is_dir());
    guarded.end();
    assert_eq!(cluster.pid(), None);
    assert!(!home.exists(), "{} is left", home.display());
}

#[tokio::test]
async fn a_cluster_keeps_its_data_over_restarts_and_crashes() {
    let guarded = Guarded::start().await;
    let cluster = guarded.cluster.clone();
    let client = connect(&cluster.url("postgres")).await;
    client.batch_execute("CREATE TABLE kept AS SELECT 42 AS n").await.expect("created");

    let before = cluster.pid().expect("runs");
    cluster.restart().await.expect("restarts");
    let after = cluster.pid().expect("runs again");
    assert_ne!(before, after);
    assert_eq!(kept(&cluster).await, 42);

    // A crash leaves a pid file behind, which must not be taken for a server.
    kill_process(after, Signal::KILL).expect("killed");
    eventually(SOON, || async { holds(cluster.pid().is_none(), "the server still runs") }).await;
    let options = Options { password: "not used, the cluster is made".into(), settings: vec![("max_connections".into(), "20".into())] };
    Cluster::start(cluster.home(), Some(cluster.port()), &options).await.expect("recovers");
    assert_eq!(kept(&cluster).await, 42);
    let limit: String = connect(&cluster.url("postgres")).await.query_one("SHOW max_connections", &[]).await.expect("a row").get(0);
    assert_eq!(limit, "20", "settings are applied at each start");

    // So does a start while the server of a killed process still runs.
    let running = cluster.pid().expect("runs");
    let taken_over = Cluster::start(cluster.home(), Some(cluster.port()), &options).await.expect("starts anew");
    assert_ne!(taken_over.pid().expect("runs"), running);
    cluster.stop(Halt::Fast).await.expect("stops");
    cluster.stop(Halt::Fast).await.expect("is stopped already");
    assert_eq!(cluster.pid(), None);
    guarded.end();
}

#[tokio::test]
async fn strangers_need_the_password() {
    let database = Database::create("strangers").await;
    let (user_and_password, rest) = database.url.split_once('@').expect("a URL with a user");
    let (user, _) = user_and_password.rsplit_once(':').expect("a password");
    let refused = tokio_postgres::connect(&format!("{user}:wrong@{rest}"), tokio_postgres::NoTls).await;
    assert!(refused.is_err(), "the server let a stranger in");
}

async fn kept(cluster: &Cluster) -> i32 {
    connect(&cluster.url("postgres")).await.query_one("SELECT n FROM kept", &[]).await.expect("the table is there").get(0)
}

/// `scripts/setup` must not install what the program would find, nor be content with what it would not.
#[test]
fn the_script_finds_the_same_programs() {
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/find-postgres");
    let output = std::process::Command::new(script).output().expect("runs");
    let found = Binaries::find().expect("PostgreSQL is installed, or no test here could run");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), found.directory().display().to_string());
}
