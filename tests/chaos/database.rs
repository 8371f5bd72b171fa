//! What is done to the database server itself.

use std::process::Stdio;

use conncentric::dev::postgres::Cluster;

/// Restarts it: `fast` as an operator does, `immediate` as a crash would.
pub async fn restart(cluster: &Cluster, mode: &str) {
    let mut command = std::process::Command::new(cluster.binaries().program("pg_ctl"));
    command.args(["restart", "-s", "-w", "-t", "60", "-m", mode, "-l", "server.log", "-D"]).arg(cluster.data());
    command.current_dir(cluster.home()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    cluster.lend_user(&mut command);
    let status = tokio::process::Command::from(command).status().await.expect("pg_ctl runs");
    assert!(status.success(), "the database does not restart: {status}");
}
