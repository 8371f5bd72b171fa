use std::sync::atomic::AtomicU32;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::any;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;
use crate::wire::problem;

/// Servers that answer every request alike and count them.
#[derive(Default)]
struct Servers {
    running: JoinSet<()>,
    urls: Vec<Url>,
    asked: Vec<Arc<AtomicU32>>,
}

impl Servers {
    async fn add(&mut self, status: u16, media_type: &'static str, body: &'static str) {
        let asked = Arc::<AtomicU32>::default();
        self.asked.push(asked.clone());
        let answer = move || {
            asked.fetch_add(1, Ordering::Relaxed);
            let status = StatusCode::from_u16(status).expect("a status");
            async move { (status, [(CONTENT_TYPE, media_type)], body).into_response() }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("has an address");
        self.urls.push(format!("http://{address}").parse().expect("a URL"));
        self.running.spawn(async move { axum::serve(listener, Router::new().fallback(any(answer))).await.expect("serves") });
    }

    fn asked(&self) -> Vec<u32> {
        self.asked.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }

    async fn call(&self, method: Method, repeatable: bool) -> Result<Answer<serde_json::Value>, Error> {
        let client = Client::new(&self.urls, None).expect("a client");
        let timeout = Duration::from_secs(10);
        client.call(&Call { method, path: "/v1/x", body: None::<&()>, headers: &[], timeout, repeatable }).await
    }
}

const UNAVAILABLE: &str = r#"{"type":"about:blank","title":"","status":503,"code":"unavailable","detail":"the database is away"}"#;
const CONFLICT: &str = r#"{"type":"about:blank","title":"","status":409,"code":"adapter-enabled","detail":"disable it first"}"#;

async fn one_without_database() -> Servers {
    let mut servers = Servers::default();
    servers.add(503, problem::MEDIA_TYPE, UNAVAILABLE).await;
    servers.add(200, "application/json", "{\"ok\":true}").await;
    servers
}

#[tokio::test]
async fn a_read_goes_on_to_an_orchestrator_that_can_work() {
    let servers = one_without_database().await;
    let answer = servers.call(Method::GET, false).await.expect("answered");
    assert_eq!(answer.body["ok"], true);
    assert!(answer.answered_at.is_some(), "the answer carries the server's time");
}

#[tokio::test]
async fn only_a_repeatable_change_is_repeated() {
    let servers = one_without_database().await;
    assert!(servers.call(Method::POST, true).await.is_ok());
    let error = servers.call(Method::POST, false).await.expect_err("refused");
    assert_eq!(error.code(), Some("unavailable"));
    assert_eq!(servers.asked(), [2, 1]);
}

#[tokio::test]
async fn a_refusal_is_final() {
    let mut servers = Servers::default();
    servers.add(409, problem::MEDIA_TYPE, CONFLICT).await;
    servers.add(200, "application/json", "{}").await;
    let error = servers.call(Method::POST, true).await.expect_err("refused");
    assert_eq!((error.code(), error.is_passing()), (Some("adapter-enabled"), false));
    assert_eq!(servers.asked(), [1, 0]);
}

#[tokio::test]
async fn a_gateway_without_its_orchestrator_leaves_the_outcome_unknown() {
    let mut servers = Servers::default();
    servers.add(502, "text/html", "<h1>Bad Gateway</h1>").await;
    servers.add(200, "application/json", "{}").await;
    let error = servers.call(Method::POST, false).await.expect_err("unknown");
    assert!(matches!(error, Error::NoAnswer { .. }), "{error}");
    assert!(servers.call(Method::POST, true).await.is_ok());
}

#[tokio::test]
async fn who_is_away_is_passed_over_even_by_what_must_not_be_repeated() {
    let mut servers = Servers::default();
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("binds").local_addr().expect("has an address");
    servers.add(204, "application/json", "").await;
    servers.urls.insert(0, format!("http://{gone}").parse().expect("a URL"));
    let answer = servers.call(Method::DELETE, false).await.expect("answered");
    assert_eq!((answer.status, answer.body), (StatusCode::NO_CONTENT, serde_json::Value::Null));
}
