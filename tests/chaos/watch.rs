//! Watches this very process: where it was late, nobody can be sure of when something happened.

use std::sync::Arc;
use std::time::Duration;

use conncentric::time::since_boot;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::evidence::Span;
use crate::notebook::Notebook;

const TICK: Duration = Duration::from_millis(5);

/// Lateness that a busy machine always has.
const USUAL: Duration = Duration::from_millis(15);

pub async fn stalls(notebook: Arc<Notebook>, over: CancellationToken) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = since_boot();
    while !over.is_cancelled() {
        ticks.tick().await;
        let now = since_boot();
        if now.saturating_sub(last) > TICK + USUAL {
            notebook.stalled(Span { from: last, to: now });
        }
        last = now;
    }
}
