//! Dumps of a database, and databases made of them.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use conncentric::log::migrate;

use super::postgres::{Database, Guarded};
use super::standby::run;

/// A dump by `pg_dump`, of a database in this cluster.
pub async fn dump(cluster: &Guarded, database: &Database, file: &Path) {
    let mut command = program(cluster, "pg_dump");
    command.args(["-Fc", "-d", &database.url]).stdout(File::create(file).expect("a file"));
    run(command).await;
}

/// A database of that dump in this cluster, brought up to date.
pub async fn restore(cluster: &Guarded, name: &str, file: &Path) -> Database {
    let database = Database::create_in(cluster, name).await;
    let mut command = program(cluster, "pg_restore");
    command.args(["--exit-on-error", "--no-privileges", "-d", &database.url]).stdin(File::open(file).expect("the dump"));
    run(command).await;
    migrate(&database.url).await.expect("migrates");
    database
}

fn program(cluster: &Guarded, name: &str) -> Command {
    let mut command = Command::new(cluster.cluster.binaries().program(name));
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
    command
}
