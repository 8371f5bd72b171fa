//! When a guard asks its child to end, and when it kills it. Pure: the time comes in as an argument.
//!
//! All times are since boot ([`crate::time::since_boot`]), so that the pod and its guards mean the same moment.

use std::time::Duration;

/// How long an orphaned child has between SIGTERM and SIGKILL, if nobody had asked it to stop before.
pub const ORPHAN_GRACE: Duration = Duration::from_millis(150);

/// What the guard knows of how long its child may run.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Nothing: the session may carry on without its lease.
    deadline: Option<Duration>,
    lead: Duration,
    /// SIGTERM from here on, SIGKILL from there on.
    stop: Option<(Duration, Duration)>,
}

/// What is to be done with the child now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Run,
    Terminate,
    Kill,
}

impl Plan {
    #[must_use]
    pub fn new(deadline: Option<Duration>, lead: Duration) -> Self {
        Self { deadline, lead, stop: None }
    }

    /// The lease was renewed. Never brings the deadline forward: a line that was overtaken must not end a session.
    pub fn extend(&mut self, deadline: Duration) {
        self.deadline = self.deadline.map(|known| known.max(deadline));
    }

    /// Somebody asked for an orderly stop. A second request can only hurry it up.
    pub fn stop(&mut self, now: Duration, timeout: Duration) {
        let kill_at = now.saturating_add(timeout);
        self.stop = Some(self.stop.map_or((now, kill_at), |(from, until)| (from, until.min(kill_at))));
    }

    /// The pod is gone. A stop that is under way keeps its time, anything else ends promptly: the pod's leases will expire.
    pub fn orphan(&mut self, now: Duration) {
        if self.stop.is_none() {
            self.stop(now, ORPHAN_GRACE);
        }
    }

    #[must_use]
    pub fn verdict(&self, now: Duration) -> Verdict {
        let reached = |at: Option<Duration>| at.is_some_and(|at| now >= at);
        if reached(self.kill_at()) {
            Verdict::Kill
        } else if reached(self.terminate_at()) {
            Verdict::Terminate
        } else {
            Verdict::Run
        }
    }

    /// When the verdict changes next, if nothing happens until then.
    #[must_use]
    pub fn next_change(&self, now: Duration) -> Option<Duration> {
        [self.terminate_at(), self.kill_at()].into_iter().flatten().filter(|&at| at > now).min()
    }

    fn terminate_at(&self) -> Option<Duration> {
        earlier(self.deadline.map(|at| at.saturating_sub(self.lead)), self.stop.map(|(from, _)| from))
    }

    /// The kill takes a moment, so the last quarter of the lead is kept for it: at the deadline the child is gone.
    fn kill_at(&self) -> Option<Duration> {
        earlier(self.deadline.map(|at| at.saturating_sub(self.lead / 4)), self.stop.map(|(_, until)| until))
    }
}

fn earlier(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    a.into_iter().chain(b).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_child_is_gone_at_the_deadline() {
        let mut plan = Plan::new(Some(s(10)), s(4));
        assert_eq!(plan.verdict(s(5)), Verdict::Run);
        assert_eq!(plan.verdict(s(6)), Verdict::Terminate);
        assert_eq!(plan.verdict(s(9)), Verdict::Kill);
        plan.extend(s(20));
        assert_eq!((plan.verdict(s(9)), plan.next_change(s(9))), (Verdict::Run, Some(s(16))));
        plan.extend(s(12));
        assert_eq!(plan.verdict(s(12)), Verdict::Run, "an overtaken line takes nothing away");
    }

    #[test]
    fn a_stop_has_its_time_but_not_beyond_the_deadline() {
        let mut plan = Plan::new(Some(s(10)), s(4));
        plan.stop(s(1), s(60));
        assert_eq!((plan.verdict(s(1)), plan.verdict(s(8)), plan.verdict(s(9))), (Verdict::Terminate, Verdict::Terminate, Verdict::Kill));
        plan.stop(s(2), s(1));
        assert_eq!(plan.verdict(s(3)), Verdict::Kill, "a second request hurries");
        plan.stop(s(3), s(60));
        assert_eq!(plan.verdict(s(3)), Verdict::Kill, "and never slows down");
    }

    #[test]
    fn without_a_deadline_only_a_stop_or_an_orphaning_ends_it() {
        let mut plan = Plan::new(None, s(1));
        plan.extend(s(1));
        assert_eq!((plan.verdict(s(1_000_000)), plan.next_change(s(0))), (Verdict::Run, None));
        plan.orphan(s(5));
        assert_eq!((plan.verdict(s(5)), plan.verdict(s(6))), (Verdict::Terminate, Verdict::Kill));
    }

    #[test]
    fn an_orderly_stop_outlives_the_pod() {
        let mut plan = Plan::new(None, s(1));
        plan.stop(s(0), s(5));
        plan.orphan(s(1));
        assert_eq!((plan.verdict(s(4)), plan.verdict(s(5))), (Verdict::Terminate, Verdict::Kill));
    }
}
