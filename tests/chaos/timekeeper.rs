//! Notes how far the log has come, by our own clock: wall clocks may jump, the database's above all.

use std::sync::Arc;
use std::time::Duration;

use conncentric::time::since_boot;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_postgres::NoTls;
use tokio_util::sync::CancellationToken;

use crate::notebook::Notebook;

const EVERY: Duration = Duration::from_millis(15);

pub async fn keep(url: String, notebook: Arc<Notebook>, over: CancellationToken) {
    while !over.is_cancelled() {
        let connected = timeout(Duration::from_secs(2), tokio_postgres::connect(&url, NoTls)).await;
        if let Ok(Ok((client, connection))) = connected {
            tokio::select! {
                () = look(&client, &notebook) => {}
                _ = connection => {}
                () = over.cancelled() => return,
            }
        }
        tokio::time::sleep(EVERY * 4).await;
    }
}

async fn look(client: &tokio_postgres::Client, notebook: &Notebook) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let Ok(statement) = client.prepare("select position from event_head").await else { return };
    let mut known = 0;
    loop {
        ticks.tick().await;
        match client.query_one(&statement, &[]).await {
            Ok(row) => {
                let position: i64 = row.get(0);
                // What is there now was not there at the look before.
                if position > known {
                    notebook.grown(since_boot(), position);
                    known = position;
                }
            }
            Err(_) => return,
        }
    }
}
