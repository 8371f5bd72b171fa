//! How long a batch waits for company: each flush that is spared is a commit and a round trip spared, and who is in a hurry must
//! not feel it.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{BATCH, Core};
use crate::domain::lease::heartbeat_interval;
use crate::orchestrator::request::Request;

/// How long those in a hurry wait for as many as came the last time. Who was answered together often asks again together, so the
/// wait is mostly over long before.
const LINGER: Duration = Duration::from_millis(1);

/// How long heartbeats wait that come at the pace that pods are told. Nobody waits for their answers: leases are renewed from the
/// moment at which the pod asked.
const LEISURE: Duration = Duration::from_millis(5);

impl Core {
    /// Waits until the batch that begins with what is waiting already is worth its commit. Never beyond the moment at which a lease
    /// could run out, nor when others have appended something.
    pub(super) async fn linger(&mut self) {
        let began = Instant::now();
        let (mut seen, mut hurried) = (0, 0);
        loop {
            self.gather();
            hurried += self.waiting.iter().skip(seen).filter(|request| self.is_in_a_hurry(request, began)).count();
            seen = self.waiting.len();
            let patience = if hurried == 0 { LEISURE } else { LINGER };
            let until = self.watch.due.map_or(began + patience, |due| due.min(began + patience));
            if seen >= BATCH || (hurried > 0 && hurried >= self.company) || until <= Instant::now() {
                break;
            }
            tokio::select! {
                biased;
                request = self.inbox.recv() => match request {
                    Some(request) => self.waiting.push(request),
                    None => break,
                },
                () = self.heard.wake.notified() => {
                    // The loop of the core is to see it, too.
                    self.heard.wake.notify_one();
                    break;
                }
                () = sleep_until(until) => break,
            }
        }
        if hurried > 0 {
            self.company = hurried;
        }
    }

    /// Everything but a heartbeat that comes when it should. A pod that heartbeats sooner wants to know something.
    fn is_in_a_hurry(&self, request: &Request, now: Instant) -> bool {
        let Some(heartbeat) = request.heartbeat() else { return true };
        let fleet = &self.state.fleet;
        let heard = fleet.pod(&heartbeat.holder.pod).and_then(|(registration, _)| self.state.sight.heard(registration));
        heard.is_none_or(|heard| now.saturating_duration_since(heard) < heartbeat_interval(fleet.shortest_ttl()) / 2)
    }
}
