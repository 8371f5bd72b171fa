//! SIGTERM and SIGINT: the first asks for an orderly end, the second ends at once.

use std::future::Future;
use std::pin::pin;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What shells report for a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// Whose a second signal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Second {
    /// It ends this process at once.
    EndsAtOnce,
    /// The service listens for it itself, because it has children to end first.
    IsTheServices,
}

/// Runs a service, and cancels its token when a signal asks it to end.
pub(super) async fn run_until_signalled<F>(second: Second, service: impl FnOnce(CancellationToken) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let shutdown = CancellationToken::new();
    let mut service = pin!(service(shutdown.clone()));
    loop {
        tokio::select! {
            outcome = &mut service => return outcome,
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if !shutdown.is_cancelled() {
            tracing::info!("asked to end; a second signal ends at once");
            shutdown.cancel();
        } else if second == Second::EndsAtOnce {
            std::process::exit(INTERRUPTED);
        }
    }
}
