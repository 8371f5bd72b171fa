//! SIGTERM and SIGINT: the first asks for an orderly end, the second ends at once.

use std::future::Future;
use std::pin::pin;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What shells report for a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// Runs a service, and cancels its token when a signal asks it to end.
pub(super) async fn run_until_signalled<F>(service: impl FnOnce(CancellationToken) -> F) -> anyhow::Result<()>
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
        if shutdown.is_cancelled() {
            std::process::exit(INTERRUPTED);
        }
        tracing::info!("asked to end; a second signal ends at once");
        shutdown.cancel();
    }
}
