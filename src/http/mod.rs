//! The HTTP API: one verb, one file in `routes/`. Handlers check, translate and answer; what happens is decided in [`crate::domain`].
//!
//! Every route under `/v1` needs an access token of a role that the table in `auth` allows there; nothing else opens anything.

mod address;
mod auth;
mod body;
mod docs;
mod download;
mod idempotency;
pub(crate) mod openapi;
mod opening;
mod portal;
mod problem;
mod reader;
pub(crate) mod routes;
mod scene;
mod server;
mod store;
mod views;

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post};
use axum::{Extension, Router};
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;

pub use openapi::description;
pub use server::{bind, serve};

use self::body::{BodyLimit, MAX_HEARTBEAT};
use self::problem::ApiError;
use self::reader::Reader;
use self::store::Store;
use crate::orchestrator::Orchestrator;
use crate::orchestrator::snapshot::Snapshot;
use crate::plugin::sign::TrustedKeys;

/// What handlers share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) orchestrator: Orchestrator,
    pub(crate) name: Arc<str>,
    pub(crate) reader: Reader,
    pub(crate) store: Store,
    /// Who must have signed plugins, if anybody.
    pub(crate) plugin_keys: Arc<TrustedKeys>,
    /// Ends the streams, which would go on for ever otherwise.
    pub(crate) shutdown: CancellationToken,
}

impl App {
    #[must_use]
    pub fn new(orchestrator: Orchestrator, name: &str, database_url: &str, plugin_keys: TrustedKeys, shutdown: CancellationToken) -> Self {
        let reader = Reader::new(database_url, orchestrator.connections.read.clone());
        let (store, plugin_keys) = (Store::new(database_url), Arc::new(plugin_keys));
        Self { orchestrator, name: name.into(), reader, store, plugin_keys, shutdown }
    }
}

impl App {
    /// The state that handlers show. [`auth`] has caught up when it let the request in, so it is the newest: everything that was
    /// in the log when they asked, or what is known while the database is away.
    pub(crate) fn read(&self) -> Arc<Snapshot> {
        self.orchestrator.latest()
    }
}

/// All routes. Health and metrics are left out where they have an address of their own.
pub fn router(app: App, with_management: bool) -> Router {
    let open = docs::routes().merge(portal::routes()).route("/openapi.json", get(openapi::openapi));
    let open = if with_management { open.merge(management_routes()) } else { open };
    let router = api(&app).merge(open).fallback(not_found).method_not_allowed_fallback(wrong_method);
    finish(router, app)
}

/// Health and metrics alone.
pub fn management(app: App) -> Router {
    finish(management_routes().fallback(not_found), app)
}

fn api(app: &App) -> Router<App> {
    use routes::{
        adapters, artifacts, connectors, events, maintenance, ownership, plugins, pods, rebalance, sessions, status, tokens, whoami,
    };
    Router::new()
        .route("/v1/pods", post(pods::register::register).get(pods::list::list))
        .route("/v1/pods/{pod}", delete(pods::leave::leave).get(pods::list::one))
        .route("/v1/pods/{pod}/heartbeats", get(pods::heartbeats::heartbeats))
        .route("/v1/pods/{pod}/stream", get(pods::stream::stream))
        .route("/v1/pods/{pod}/drain", post(pods::drain::drain))
        .route("/v1/pods/{pod}/undrain", post(pods::undrain::undrain))
        .route("/v1/heartbeats", post(pods::heartbeat::heartbeat).layer(Extension(BodyLimit(MAX_HEARTBEAT))))
        .route("/v1/claims", post(pods::claim::claim))
        .route("/v1/log", post(pods::log::log))
        .route("/v1/actions/answers", post(pods::answer::answer))
        .route("/v1/releases", post(pods::release::release))
        .route("/v1/adapters", get(adapters::list::list))
        .route("/v1/adapters/enable", post(adapters::set_enabled::enable))
        .route("/v1/adapters/disable", post(adapters::set_enabled::disable))
        .route("/v1/adapters/{name}", get(adapters::list::one).put(adapters::put::put).delete(adapters::delete::delete))
        .route("/v1/adapters/{name}/log", get(adapters::log::log))
        .route("/v1/adapters/{name}/revisions", get(adapters::revisions::revisions))
        .route("/v1/connectors", get(connectors::connectors))
        .route("/v1/artifacts", get(artifacts::list::list))
        .route("/v1/artifacts/{name}", get(artifacts::list::one).put(artifacts::put::put).delete(artifacts::delete::delete))
        .route("/v1/artifacts/{name}/content", get(artifacts::content::content))
        .route("/v1/plugins", get(plugins::list::list))
        .route("/v1/plugins/{name}", get(plugins::list::one).put(plugins::put::put).delete(plugins::remove::remove))
        .route("/v1/plugins/{name}/content", get(plugins::content::content))
        .route("/v1/maintenance", get(maintenance::show).post(maintenance::begin).delete(maintenance::end))
        .route("/v1/sessions", get(sessions::list::list))
        .route("/v1/sessions/{adapter}/{ordinal}", get(sessions::list::one))
        .route("/v1/sessions/{adapter}/{ordinal}/actions", get(sessions::actions::actions).post(sessions::actions::order))
        .route("/v1/sessions/{adapter}/{ordinal}/actions/{id}", get(sessions::actions::action))
        .route("/v1/sessions/{adapter}/{ordinal}/history", get(sessions::history::history))
        .route("/v1/sessions/{adapter}/{ordinal}/move", post(sessions::move_session::move_session))
        .route("/v1/rebalance", post(rebalance::rebalance))
        .route("/v1/events", get(events::page::page))
        .route("/v1/events/stream", get(events::stream::stream))
        .route("/v1/ownership", get(ownership::ownership))
        .route("/v1/tokens", post(tokens::create::create).get(tokens::list::list))
        .route("/v1/tokens/{id}", delete(tokens::revoke::revoke))
        .route("/v1/status", get(status::status))
        .route("/v1/whoami", get(whoami::whoami))
        .route_layer(from_fn_with_state(app.clone(), auth::authorize))
}

fn management_routes() -> Router<App> {
    Router::new()
        .route("/healthz", get(routes::health::healthz))
        .route("/readyz", get(routes::health::readyz))
        .route("/metrics", get(routes::metrics::metrics))
}

fn finish(router: Router<App>, app: App) -> Router {
    let header = |name: HeaderName, value: &'static str| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    router
        .with_state(app)
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        .layer(header(header::CACHE_CONTROL, "no-store"))
        .layer(header(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            axum::response::IntoResponse::into_response(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", "a fault of conncentric"))
        }))
        .layer(TraceLayer::new_for_http().on_failure(()))
}

async fn not_found() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "route-unknown", "there is nothing here; /openapi.json lists the routes")
}

async fn wrong_method() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "this route does not take that method; /openapi.json lists the routes",
    )
}

/// How often a stream says something, so that both ends and everything between know that it lives.
pub(crate) const STREAM_BREATH: Duration = Duration::from_secs(5);
