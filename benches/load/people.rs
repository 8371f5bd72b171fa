//! What the Portal asks while somebody looks at it.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::world::World;

/// A question, by what it is called in the table.
pub(crate) type Question = (&'static str, String);

/// The lists that a page begins with. The Portal asks for all there is.
pub(crate) fn lists() -> Vec<Question> {
    [("all adapters", "/v1/adapters"), ("all sessions", "/v1/sessions"), ("all pods", "/v1/pods")]
        .map(|(what, path)| (what, path.to_owned()))
        .to_vec()
}

/// What it asks for one thing that somebody has opened, and over and over.
pub(crate) fn pages(adapter: &str, pod: &str) -> Vec<Question> {
    vec![
        ("the status", "/v1/status".into()),
        ("the newest 100 events", "/v1/events?limit=100&order=desc&pulses=false".into()),
        ("100 events of a session", format!("/v1/events?limit=100&order=desc&pulses=false&session={adapter}/0")),
        ("the log of an adapter", format!("/v1/adapters/{adapter}/log?limit=200")),
        ("an adapter", format!("/v1/adapters/{adapter}")),
        ("the history of a session", format!("/v1/sessions/{adapter}/0/history")),
        ("the heartbeats of a pod", format!("/v1/pods/{pod}/heartbeats?limit=20")),
    ]
}

/// Milliseconds of each answer to one question, asked a few times, in order.
pub(crate) async fn ask(world: &World, path: &str, times: usize) -> anyhow::Result<Vec<f64>> {
    let mut took = Vec::new();
    for _ in 0..times {
        let began = Instant::now();
        world.look(path).await?;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    took.sort_unstable_by(f64::total_cmp);
    Ok(took)
}

/// Somebody who looks at one page after the other, and now and then loads the lists anew: how long each answer took.
pub(crate) async fn look_around(
    world: &World,
    pages: &[Question],
    (every, lists_every): (Duration, usize),
    took: mpsc::UnboundedSender<Duration>,
) -> anyhow::Result<()> {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let lists = lists();
    for (number, (_, page)) in pages.iter().cycle().enumerate() {
        ticks.tick().await;
        let due = if number % lists_every == lists_every - 1 { lists.as_slice() } else { &[] };
        for path in due.iter().map(|(_, list)| list).chain([page]) {
            let began = Instant::now();
            world.look(path).await?;
            if took.send(began.elapsed()).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}
