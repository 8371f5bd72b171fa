//! Clients that work as fast as they are answered, one request in flight each.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

/// Somebody who does one thing after the other.
pub(crate) trait Client {
    /// Asks, and waits for the answer.
    async fn step(&mut self) -> anyhow::Result<()>;
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Load {
    pub steps: usize,
    pub took: Duration,
    /// How long each step took, shortest first.
    pub latencies: Vec<Duration>,
}

impl Load {
    pub(crate) fn per_second(&self) -> f64 {
        self.steps as f64 / self.took.as_secs_f64()
    }

    pub(crate) fn milliseconds(&self, share: f64) -> f64 {
        percentile(&self.latencies, share).as_secs_f64() * 1000.0
    }
}

/// Lets all of them work for a while.
pub(crate) async fn drive<C: Client>(clients: &mut [C], time: Duration) -> anyhow::Result<Load> {
    // Connections, caches and buffers as they are in the middle of the day.
    try_join_all(clients.iter_mut().map(Client::step)).await?;
    let began = Instant::now();
    let works = clients.iter_mut().map(async |client| {
        let mut latencies = Vec::new();
        let mut last = began;
        while last - began < time {
            client.step().await?;
            let now = Instant::now();
            latencies.push(now - last);
            last = now;
        }
        anyhow::Ok(latencies)
    });
    let mut latencies = try_join_all(works).await?.concat();
    let took = began.elapsed();
    latencies.sort_unstable();
    Ok(Load { steps: latencies.len(), took, latencies })
}

/// Of values in order. Zero of none.
pub(crate) fn percentile<T: Copy + Default>(sorted: &[T], share: f64) -> T {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let index = ((sorted.len() as f64 * share).ceil() as usize).saturating_sub(1);
    sorted.get(index).copied().unwrap_or_default()
}
