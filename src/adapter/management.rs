//! The pod's own small HTTP server: `/healthz`, `/readyz` and `/metrics`. It knows nothing but memory.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::time::since_boot;

/// A loop that has not turned for this long hangs. It turns several times a second.
const HANGING: Duration = Duration::from_secs(10);

const MAX_CONNECTIONS: usize = 64;

/// For a connection as a whole: probes and scrapes are short.
const CONNECTION_LIMIT: Duration = Duration::from_secs(30);

pub(super) struct Management {
    pub(super) registry: Registry,
    /// When the pod's loop last turned, in milliseconds since boot.
    pub(super) turned: Arc<AtomicU64>,
    /// Whether it could run sessions now, as of that turn.
    pub(super) ready: Arc<AtomicBool>,
}

impl Management {
    /// # Errors
    /// Fails if the address cannot be listened on.
    pub(super) async fn bind(self, address: SocketAddr) -> anyhow::Result<impl Future<Output = ()> + Send> {
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}; choose another --management-listen"))?;
        let address = listener.local_addr()?;
        tracing::info!("management listening on {address}");
        let routes = Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).route("/metrics", get(metrics));
        let routes = routes.with_state(Arc::new(self));
        Ok(serve(listener, routes))
    }
}

async fn serve(listener: TcpListener, routes: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                // Too many open files, or a peer that is gone already: those that are open must end first.
                let Ok((stream, _)) = accepted else {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                };
                let service = TowerToHyperService::new(routes.clone());
                let mut server = http1::Builder::new();
                server.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(5));
                connections.spawn(timeout(CONNECTION_LIMIT, server.serve_connection(TokioIo::new(stream), service)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

impl Management {
    fn turns(&self) -> bool {
        let turned = Duration::from_millis(self.turned.load(Ordering::Relaxed));
        since_boot().saturating_sub(turned) < HANGING
    }
}

/// Whether an update of the pods may go on to the next one: this one would get sessions.
async fn readyz(State(management): State<Arc<Management>>) -> impl IntoResponse {
    if management.turns() && management.ready.load(Ordering::Relaxed) {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not registered, or draining, or no heartbeat was answered for long; the log says which\n")
    }
}

async fn healthz(State(management): State<Arc<Management>>) -> impl IntoResponse {
    if management.turns() { (StatusCode::OK, "ok\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "the pod's loop hangs\n") }
}

async fn metrics(State(management): State<Arc<Management>>) -> impl IntoResponse {
    let mut text = String::new();
    match encode(&mut text, &management.registry) {
        Ok(()) => Ok(([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)),
        Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}
