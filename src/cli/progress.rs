//! `--wait`: looks again and again until nothing is left to wait for, and shows how far it is.

use std::fmt::Write as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use super::{output, values};
use crate::client;

/// Often enough to look live, and seldom enough for a control plane that is busy with what we wait for.
const LOOK_EVERY: Duration = Duration::from_millis(250);

#[derive(Debug, clap::Args)]
pub(super) struct WaitArgs {
    /// Wait until it is the case, and show progress on standard error
    #[arg(long, env = "CONNCENTRIC_WAIT")]
    pub(super) wait: bool,

    /// How long to wait at most, for example 500ms or 2m. What was ordered goes on after that
    #[arg(long, env = "CONNCENTRIC_TIMEOUT", value_name = "DURATION", value_parser = values::duration, default_value = "60s")]
    pub(super) timeout: Duration,
}

/// What one look showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) total: usize,
    pub(super) pending: Vec<Pending>,
}

/// One thing that is not there yet, and why, in plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) what: String,
    pub(super) why: String,
}

/// The first line says how much is missing, and the others what.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0)]
struct TimedOut(String);

/// Waits until a look shows nothing pending. `done` completes "37 of 40 sessions …".
///
/// # Errors
/// Fails with a list of what is pending when the time is over, and at once if an orchestrator refuses.
pub(super) async fn wait_until(
    done: &str,
    timeout: Duration,
    mut look: impl AsyncFnMut() -> Result<Standing, client::Error>,
) -> anyhow::Result<()> {
    let start = Instant::now();
    // A timeout too long for the clock is as good as a century.
    let deadline = start.checked_add(timeout).unwrap_or_else(|| start + Duration::from_hours(876_000));
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut shown = Shown::new(done);
    let mut last = None;
    let mut next_look = async || {
        looks.tick().await;
        look().await
    };
    while let Ok(outcome) = timeout_at(deadline, next_look()).await {
        match outcome {
            Ok(standing) => {
                shown.update(&standing);
                if standing.pending.is_empty() {
                    shown.finish();
                    return Ok(());
                }
                last = Some(Ok(standing));
            }
            // Sessions do not need the control plane to go on, so its outages are waited out.
            Err(error) if error.is_passing() => last = Some(Err(error)),
            Err(error) => return Err(error.into()),
        }
    }
    shown.finish();
    Err(timed_out(done, timeout, last))
}

fn timed_out(done: &str, timeout: Duration, last: Option<Result<Standing, client::Error>>) -> anyhow::Error {
    let after = humantime::format_duration(timeout);
    match last {
        None => TimedOut(format!("no orchestrator answered within {after}")).into(),
        Some(Err(error)) => anyhow::Error::new(error).context(format!("the wait ended after {after} without an answer")),
        Some(Ok(standing)) => {
            let mut text = format!("{} of {} sessions are not {done} after {after}:", standing.pending.len(), standing.total);
            for Pending { what, why } in &standing.pending {
                let _ = write!(text, "\n  {what}: {why}");
            }
            TimedOut(text).into()
        }
    }
}

/// A bar for a terminal, a line for each change for everything else.
enum Shown {
    Bar(ProgressBar, String),
    Lines { done: String, last: Option<usize> },
}

impl Shown {
    fn new(done: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if bar.is_hidden() { Self::Lines { done: done.to_owned(), last: None } } else { Self::Bar(bar, done.to_owned()) }
    }

    fn update(&mut self, standing: &Standing) {
        let reached = standing.total - standing.pending.len();
        match self {
            Self::Bar(bar, done) => {
                if let Ok(style) = ProgressStyle::with_template(&format!("{{bar:30}} {{pos}} of {{len}} {done}  {{wide_msg}}")) {
                    bar.set_style(style);
                }
                bar.set_length(standing.total as u64);
                bar.set_position(reached as u64);
                let first = standing.pending.first().map(|pending| format!("{}: {}", pending.what, pending.why));
                bar.set_message(output::harmless(&first.unwrap_or_default()));
            }
            Self::Lines { done, last } => {
                if last.replace(reached) != Some(reached) {
                    output::note(&format!("{reached} of {} {done}", standing.total));
                }
            }
        }
    }

    /// Leaves the bar where it stands, as the record of what was reached.
    fn finish(&self) {
        if let Self::Bar(bar, _) = self {
            bar.abandon();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(total: usize, pending: &[(&str, &str)]) -> Standing {
        let pending = pending.iter().map(|(what, why)| Pending { what: (*what).into(), why: (*why).into() }).collect();
        Standing { total, pending }
    }

    fn away() -> client::Error {
        client::Error::Unreachable { urls: "http://x".into(), reason: "connection refused".into() }
    }

    #[tokio::test]
    async fn what_is_the_case_already_is_not_waited_for() {
        wait_until("ACTIVE", Duration::ZERO, async || Ok(standing(2, &[]))).await.expect("reached");
    }

    #[tokio::test]
    async fn an_outage_of_the_control_plane_is_waited_out() {
        let mut looks = 0;
        let look = async || {
            looks += 1;
            if looks < 3 { Err(away()) } else { Ok(standing(1, &[])) }
        };
        wait_until("ACTIVE", Duration::from_mins(1), look).await.expect("reached");
        assert_eq!(looks, 3);
    }

    #[tokio::test]
    async fn a_timeout_names_what_is_missing_and_why() {
        let look = async || Ok(standing(3, &[("venue-a/0", "CLAIMING, no pod has room")]));
        let error = wait_until("ACTIVE", Duration::from_millis(10), look).await.expect_err("timed out").to_string();
        assert_eq!(error, "1 of 3 sessions are not ACTIVE after 10ms:\n  venue-a/0: CLAIMING, no pod has room");
    }

    #[tokio::test]
    async fn a_look_that_hangs_cannot_outlast_the_timeout() {
        let error = wait_until("ACTIVE", Duration::from_millis(10), async || std::future::pending().await).await;
        assert!(error.expect_err("timed out").to_string().contains("within 10ms"));
    }
}
