//! The HTTP server, with the limits that axum's own does not set.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::opening::Opening;

/// Open connections at most. Pods hold two each: one for heartbeats, one for their stream.
const MAX_CONNECTIONS: usize = 30_000;

/// Time for the header of a request to arrive, and for a connection to be idle.
const HEADER_PATIENCE: Duration = Duration::from_secs(30);

/// Time that requests in flight get at shutdown.
const GRACE: Duration = Duration::from_secs(5);

pub async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Serves until `shutdown`, then lets requests in flight finish.
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) {
    serve_patiently(listener, router, shutdown, HEADER_PATIENCE).await;
}

async fn serve_patiently(listener: TcpListener, router: Router, shutdown: CancellationToken, patience: Duration) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(64 << 10);
    builder.http2().timer(TokioTimer::new()).max_header_list_size(32 << 10).max_concurrent_streams(256);
    // HTTP/2 has no time-out for headers: a client that does not even answer a ping has gone.
    builder.http2().keep_alive_interval(patience).keep_alive_timeout(patience);
    let builder = Arc::new(builder);
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let permit = tokio::select! {
            () = shutdown.cancelled() => break,
            permit = room.clone().acquire_owned() => permit,
        };
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = accept(&listener) => accepted,
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(Opening::new(accepted, patience)), service).into_owned();
        let watched = graceful.watch(connection);
        connections.spawn(async move {
            // A connection that breaks is its client's affair.
            let _ = watched.await;
            drop(permit);
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}

/// Accepting fails when files run out, and then the next try would fail at once too.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Small answers must not wait for more to send.
                let _ = stream.set_nodelay(true);
                return stream;
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use futures_util::future::join_all;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::timeout;

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(300);

    /// Says something, then nothing more, and gives back what was heard until the server ended it.
    async fn say(address: SocketAddr, what: &str) -> String {
        let mut stream = TcpStream::connect(address).await.expect("connects");
        stream.write_all(what.as_bytes()).await.expect("says it");
        let mut heard = Vec::new();
        let ended = timeout(Duration::from_secs(20), stream.read_to_end(&mut heard)).await;
        // Whether it ended in order does not matter.
        let _ = ended.unwrap_or_else(|_| panic!("the server still listens after {what:?}"));
        String::from_utf8_lossy(&heard).into_owned()
    }

    #[tokio::test]
    async fn nobody_is_listened_to_for_ever() {
        let listener = bind(([127, 0, 0, 1], 0).into()).await.expect("binds");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().route("/", get(|| async { "hello" }));
        let (shutdown, mut tasks) = (CancellationToken::new(), JoinSet::new());
        tasks.spawn(serve_patiently(listener, router, shutdown.clone(), PATIENCE));
        let request = "GET / HTTP/1.1\r\nhost: x\r\n";
        let half = format!("{request}x-slow: y");
        let idle = format!("{request}\r\n");
        // The openings of HTTP/2 among them: a part of the preface, and all of it with nothing after it.
        let silences = ["", "G", "GET", half.as_str(), "PRI * HT", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", idle.as_str()];
        let heard = join_all(silences.map(|silence| say(address, silence))).await;
        assert!(heard.last().expect("seven").ends_with("hello"), "{heard:?}");
        shutdown.cancel();
        while tasks.join_next().await.is_some() {}
    }
}
