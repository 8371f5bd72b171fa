//! Requests of people to one orchestrator, through the network, and what is known of their outcome.

use std::time::Duration;

use conncentric::wire::problem::Problem;
use reqwest::Method;
use serde_json::Value;
use uuid::Uuid;

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a client knows after a request.
#[derive(Debug, Clone)]
pub enum Answer {
    Done(Value),
    /// Certainly not carried out.
    Refused {
        code: String,
    },
    /// It never got through.
    Unreachable,
    /// It may have been carried out.
    Unknown,
}

/// All orchestrators, asked one by one.
#[derive(Debug, Clone)]
pub struct Orchestrators {
    pub urls: Vec<String>,
    pub token: String,
    pub http: reqwest::Client,
}

impl Orchestrators {
    pub fn new(urls: Vec<String>, token: String) -> Self {
        // Fails only if another run was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(PATIENCE).tcp_nodelay(true).build().expect("a client");
        Self { urls, token, http }
    }

    pub async fn send(&self, at: usize, method: Method, path: &str, body: Option<&Value>, key: Uuid) -> Answer {
        self.send_as(&self.token, at, method, path, body, key).await
    }

    pub async fn send_as(&self, token: &str, at: usize, method: Method, path: &str, body: Option<&Value>, key: Uuid) -> Answer {
        let request = self.http.request(method, format!("{}{path}", self.urls[at])).bearer_auth(token);
        let request = request.header("Idempotency-Key", key.to_string());
        let request = if let Some(body) = body { request.json(body) } else { request };
        match request.send().await {
            Err(error) if error.is_connect() => Answer::Unreachable,
            Err(_) => Answer::Unknown,
            Ok(response) => read(response).await,
        }
    }

    pub async fn get(&self, at: usize, path: &str) -> Answer {
        self.send(at, Method::GET, path, None, Uuid::nil()).await
    }

    pub async fn get_from_any(&self, path: &str) -> Option<Value> {
        for at in 0..self.urls.len() {
            if let Answer::Done(body) = self.get(at, path).await {
                return Some(body);
            }
        }
        None
    }
}

async fn read(response: reqwest::Response) -> Answer {
    let status = response.status();
    let Ok(text) = response.text().await else { return Answer::Unknown };
    if status.is_success() {
        return Answer::Done(serde_json::from_str(&text).unwrap_or(Value::Null));
    }
    let code = serde_json::from_str::<Problem>(&text).map_or_else(|_| String::new(), |problem| problem.code);
    // An orchestrator that lost its database while it appended cannot know either.
    if status.is_server_error() { Answer::Unknown } else { Answer::Refused { code } }
}
