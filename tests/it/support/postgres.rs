//! One PostgreSQL cluster for the test process, one database for each test.
//!
//! The cluster must go when the process goes, however that ends. So a shell watches a pipe that only we hold: when the
//! kernel closes it, the shell stops the server and removes the folder.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use conncentric::dev::postgres::{Cluster, Options, place};
use conncentric::dev::secret::random_text;
use tokio::sync::OnceCell;
use tokio_postgres::NoTls;

/// The role that orchestrators use, as `conncentric dev` names it too.
pub const APPLICATION: &str = "conncentric_app";

/// A cluster with the shell that ends it.
#[derive(Debug)]
pub struct Guarded {
    pub cluster: Cluster,
    reaper: Child,
    application_password: String,
}

impl Guarded {
    pub async fn start() -> Self {
        let home = std::env::temp_dir().join(format!("conncentric-test-{}", random_text(8).expect("random")));
        let home = place(&home).expect("a place for the cluster");
        let password = random_text(16).expect("random");
        let settings = vec![("max_connections".into(), "300".into())];
        let cluster = Cluster::start(&home, None, &Options { password, settings }).await.expect("PostgreSQL starts");
        let reaper = reaper(&cluster, &home);
        let guarded = Self { cluster, reaper, application_password: random_text(16).expect("random") };
        guarded.create_roles().await;
        guarded
    }

    /// Roles belong to the cluster, so they are made once and not by each test's migration.
    async fn create_roles(&self) {
        let statements = format!(
            "CREATE ROLE conncentric_application; CREATE ROLE {APPLICATION} LOGIN PASSWORD '{}' IN ROLE conncentric_application",
            self.application_password
        );
        execute(&self.cluster.url("postgres"), &statements).await;
    }

    /// Ends the cluster as the end of the test process would, and waits for it.
    pub fn end(mut self) {
        drop(self.reaper.stdin.take());
        self.reaper.wait().expect("the reaper ends");
    }
}

/// In a process group of its own, so that Ctrl-C at the tests does not end it before its work.
fn reaper(cluster: &Cluster, home: &Path) -> Child {
    let mut script = Command::new("/bin/sh");
    script.args(["-c", "cat >/dev/null; \"$1\" stop -s -w -m immediate -D \"$2\"; rm -rf \"$3\"", "reaper"]);
    script.arg(cluster.binaries().program("pg_ctl")).arg(cluster.data()).arg(home);
    script.process_group(0).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    cluster.lend_user(&mut script);
    script.spawn().expect("a shell starts")
}

static SHARED: OnceCell<Guarded> = OnceCell::const_new();

/// A database of its own for a test, dropped with the value.
#[derive(Debug)]
pub struct Database {
    pub name: String,
    /// For the owner, who migrates.
    pub url: String,
    /// For the application's role.
    pub app_url: String,
    maintenance_url: String,
}

impl Database {
    /// `name` is for people who look at a server's log; it need not be unique.
    pub async fn create(name: &str) -> Self {
        Self::create_in(SHARED.get_or_init(Guarded::start).await, name).await
    }

    /// The same in a cluster of the test's own.
    pub async fn create_in(guarded: &Guarded, name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{}_{}", name.replace('-', "_"), COUNT.fetch_add(1, Ordering::Relaxed));
        let maintenance_url = guarded.cluster.url("postgres");
        execute(&maintenance_url, &format!("CREATE DATABASE {name}")).await;
        Self {
            url: guarded.cluster.url(&name),
            app_url: guarded.cluster.url_of(APPLICATION, &guarded.application_password, &name),
            maintenance_url,
            name,
        }
    }

    /// The same database also answers at another port, if not now then after a promotion.
    pub fn also_at(&mut self, port: u16, other: u16) {
        let (one, both) = (format!("127.0.0.1:{port}/"), format!("127.0.0.1:{port},127.0.0.1:{other}/"));
        for url in [&mut self.url, &mut self.app_url, &mut self.maintenance_url] {
            *url = url.replace(&one, &both);
        }
    }

    /// A connection of the owner. It lives as long as the test's runtime.
    pub async fn connect(&self) -> tokio_postgres::Client {
        connect(&self.url).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (url, statement) = (self.maintenance_url.clone(), format!("DROP DATABASE {} WITH (FORCE)", self.name));
        // A drop cannot wait inside the test's runtime, so it brings its own on a thread.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(execute(&url, &statement));
        });
        let done = dropped.join().is_ok() || std::thread::panicking();
        assert!(done, "database {} was not dropped", self.name);
    }
}

pub async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap_or_else(|error| panic!("no connection: {error}"));
    #[expect(clippy::disallowed_methods, reason = "it ends with the client, and at the latest with the test's runtime")]
    tokio::spawn(connection);
    client
}

async fn execute(url: &str, statements: &str) {
    // Some statements refuse to run in one transaction with others, so they are sent one by one.
    let client = connect(url).await;
    for statement in statements.split("; ") {
        client.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}
