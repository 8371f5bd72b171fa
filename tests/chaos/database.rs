//! What is done to the database server itself.

use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::time::{sleep, timeout};

use crate::support::postgres::{APPLICATION, connect};

/// Holds a lock in a session of its own, as a forgotten migration or a curious administrator does.
pub async fn lock(url: String, table: &'static str, lasts: Duration) {
    let client = connect(&url).await;
    let text = format!("begin; lock table {table} in access exclusive mode; select pg_sleep({}); commit", lasts.as_secs_f64());
    // It may lose a deadlock, or its database.
    let _ = timeout(lasts + Duration::from_secs(10), client.batch_execute(&text)).await;
}

/// Ends every connection of orchestrators, as an administrator or a pooler does.
pub async fn disconnect(url: &str) {
    let ours = "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'conncentric %'";
    connect(url).await.batch_execute(ours).await.expect("ends connections");
}

/// Ends every connection, and lets nobody in for a while.
pub async fn exhaust(url: String, lasts: Duration) {
    limit(&url, 0).await;
    disconnect(&url).await;
    sleep(lasts).await;
    limit(&url, -1).await;
}

/// The server may be away for another reason; then it is told when it is back.
async fn limit(url: &str, count: i32) {
    for _ in 0..200 {
        if let Ok((client, connection)) = tokio_postgres::connect(url, tokio_postgres::NoTls).await {
            let statement = format!("alter role {APPLICATION} connection limit {count}");
            let done = tokio::select! { done = client.batch_execute(&statement) => done.is_ok(), _ = connection => false };
            if done {
                return;
            }
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("the limit of connections cannot be set");
}

/// Nothing that is written any more fits, for those who append. The server cannot write its log then, so it stops and recovers.
pub async fn fill_disk(url: &str) {
    let appenders = "select pid from pg_stat_activity where application_name = 'conncentric append'";
    for row in connect(url).await.query(appenders, &[]).await.expect("reads") {
        let Some(pid) = Pid::from_raw(row.get(0)) else { continue };
        let full = Rlimit { current: Some(0), maximum: None };
        // One that has just ended needs no limit.
        let _ = prlimit(Some(pid), Resource::Fsize, full);
    }
}
