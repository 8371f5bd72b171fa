//! The HTTP client that pods and the CLI share: several orchestrators, one bearer token, typed answers.
//!
//! Any orchestrator will do, so a request that reached none of them is simply tried at the next. A request that may have
//! been carried out is tried again only if it does no harm: if it reads, or its caller says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::wire::problem::Problem;

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No orchestrator could be reached, so nothing was done.
    #[error("no orchestrator answers at {urls}: {reason}")]
    Unreachable { urls: String, reason: String },
    /// The request went out and no answer came: it may have been carried out.
    #[error("{url} did not answer: {reason}")]
    NoAnswer { url: Url, reason: String },
    /// An orchestrator refused.
    #[error("{}", .0.detail)]
    Refused(Box<Problem>),
    /// Whatever answered does not speak our protocol.
    #[error("{url} gave an answer that conncentric does not understand: {reason}")]
    Unintelligible { url: Url, reason: String },
}

impl Error {
    /// The stable code of a refusal.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(problem) => Some(&problem.code),
            _ => None,
        }
    }

    /// Whether another orchestrator, or the same one a little later, may well carry out what this one could not.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::NoAnswer { .. } => true,
            Self::Refused(problem) => problem.status == StatusCode::SERVICE_UNAVAILABLE && problem.code == UNAVAILABLE,
            Self::Unintelligible { .. } => false,
        }
    }

    /// Whether it is certain that nothing was done.
    fn is_without_effect(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

/// The code of an orchestrator that cannot work at the moment, for example because it has lost its database.
const UNAVAILABLE: &str = "unavailable";

/// What one request is to do.
#[derive(Debug, Clone)]
pub struct Call<'a, B: ?Sized> {
    pub method: Method,
    /// Path and query, beginning with `/`.
    pub path: &'a str,
    pub body: Option<&'a B>,
    /// Header names and values beside the usual ones.
    pub headers: &'a [(&'static str, String)],
    /// For one try at one orchestrator, from the start of the request to the end of the answer's body.
    pub timeout: Duration,
    /// Whether it may be sent again when it is unknown if it was carried out. A GET always may.
    pub repeatable: bool,
}

impl<B: ?Sized> Call<'_, B> {
    fn may_repeat(&self) -> bool {
        self.repeatable || self.method == Method::GET
    }
}

/// An answer with what its headers say.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    pub status: StatusCode,
    pub etag: Option<String>,
    /// When the orchestrator answered, by its own clock, to the second.
    pub answered_at: Option<DateTime<Utc>>,
    pub body: T,
}

/// Talks to any of several orchestrators. Cheap to clone; clones share connections and the choice of orchestrator.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    urls: Arc<[Url]>,
    /// Index of the orchestrator that answered last.
    preferred: Arc<AtomicUsize>,
    token: Option<Arc<str>>,
}

impl Client {
    /// # Errors
    /// Fails if there is no URL, or if the TLS set-up of the machine cannot be read.
    pub fn new(urls: &[Url], token: Option<&str>) -> anyhow::Result<Self> {
        anyhow::ensure!(!urls.is_empty(), "no orchestrator is named; give --orchestrator URL");
        // Fails only if another provider was installed first, which is then as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder();
        if urls.iter().all(|url| url.scheme() == "http") {
            // To read the machine's certificates takes longer than most requests, and nobody will show one.
            builder = builder.tls_certs_only([]);
        }
        let http = builder
            .connect_timeout(Duration::from_secs(2))
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(15))
            .user_agent(concat!("conncentric/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, urls: urls.into(), preferred: Arc::default(), token: token.map(Arc::from) })
    }

    #[must_use]
    pub fn urls(&self) -> &[Url] {
        &self.urls
    }

    /// Sends a request and reads the JSON of the answer.
    pub async fn call<B: Serialize + ?Sized, T: DeserializeOwned>(&self, call: &Call<'_, B>) -> Result<Answer<T>, Error> {
        understood(self.send(call).await?).await
    }

    /// Sends a request and gives back the text of the answer as it came.
    pub async fn call_for_text<B: Serialize + ?Sized>(&self, call: &Call<'_, B>) -> Result<Answer<String>, Error> {
        read(self.send(call).await?).await
    }

    /// Sends a request and gives back the response once it is known to be a success, for streams.
    ///
    /// Goes on to the next orchestrator if one cannot be reached, and with a request that may be repeated also if one
    /// gave no answer or cannot work at the moment.
    pub async fn send<B: Serialize + ?Sized>(&self, call: &Call<'_, B>) -> Result<Response, Error> {
        self.send_with(call, |request| Ok(if let Some(body) = call.body { request.json(body) } else { request })).await
    }

    /// Sends content as it is read, and reads the JSON of the answer. `open` begins from the start for every try.
    pub async fn upload<T: DeserializeOwned>(
        &self,
        call: &Call<'_, ()>,
        open: impl Fn() -> std::io::Result<reqwest::Body>,
    ) -> Result<Answer<T>, Error> {
        let response = self
            .send_with(call, |request| {
                let body = open().map_err(|error| self.unreachable(format!("the content cannot be read: {error}")))?;
                Ok(request.body(body))
            })
            .await?;
        understood(response).await
    }

    async fn send_with<B: ?Sized>(
        &self,
        call: &Call<'_, B>,
        fill: impl Fn(RequestBuilder) -> Result<RequestBuilder, Error>,
    ) -> Result<Response, Error> {
        let first = self.preferred.load(Ordering::Relaxed);
        let mut last: Option<Error> = None;
        for turn in 0..self.urls.len() {
            let index = (first + turn) % self.urls.len();
            match self.send_to(index, call, &fill).await {
                Err(error) if error.is_passing() => {
                    self.preferred.store((index + 1) % self.urls.len(), Ordering::Relaxed);
                    if !error.is_without_effect() && !call.may_repeat() {
                        return Err(error);
                    }
                    // An unknown outcome outweighs a later orchestrator that is merely away.
                    if last.is_none() || !error.is_without_effect() {
                        last = Some(error);
                    }
                }
                done => {
                    self.preferred.store(index, Ordering::Relaxed);
                    return done;
                }
            }
        }
        Err(last.unwrap_or_else(|| self.unreachable("there is none".into())))
    }

    async fn send_to<B: ?Sized>(
        &self,
        index: usize,
        call: &Call<'_, B>,
        fill: &impl Fn(RequestBuilder) -> Result<RequestBuilder, Error>,
    ) -> Result<Response, Error> {
        let base = self.urls.get(index).ok_or_else(|| self.unreachable("there is none".into()))?;
        let url = base.join(call.path).map_err(|e| self.unreachable(e.to_string()))?;
        let mut request = self.http.request(call.method.clone(), url.clone()).timeout(call.timeout);
        for (name, value) in call.headers {
            request = request.header(*name, value);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = fill(request)?.send().await.map_err(|error| {
            let reason = root_cause(&error);
            if error.is_connect() { self.unreachable(reason) } else { Error::NoAnswer { url: url.clone(), reason } }
        })?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let text = response.text().await.unwrap_or_default();
        match serde_json::from_str::<Problem>(&text) {
            Ok(problem) => Err(Error::Refused(Box::new(problem))),
            // A load balancer that lost the orchestrator behind it, before or after that one did its work.
            Err(_) if matches!(status.as_u16(), 502..=504) => Err(Error::NoAnswer { url, reason: format!("status {status}") }),
            Err(_) => Err(Error::Unintelligible { url, reason: format!("status {status} without a problem document") }),
        }
    }

    fn unreachable(&self, reason: String) -> Error {
        let urls = self.urls.iter().map(Url::as_str).collect::<Vec<_>>().join(", ");
        Error::Unreachable { urls, reason }
    }
}

async fn understood<T: DeserializeOwned>(response: Response) -> Result<Answer<T>, Error> {
    let url = response.url().clone();
    let Answer { status, etag, answered_at, body } = read(response).await?;
    // A 204 has no body; `null` is what types without content read.
    let text = if body.is_empty() { "null" } else { &body };
    let body = serde_json::from_str(text).map_err(|e| Error::Unintelligible { url, reason: e.to_string() })?;
    Ok(Answer { status, etag, answered_at, body })
}

async fn read(response: Response) -> Result<Answer<String>, Error> {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (status, url, etag) = (response.status(), response.url().clone(), header("etag"));
    let answered_at = header("date").and_then(|date| DateTime::parse_from_rfc2822(&date).ok()).map(|date| date.to_utc());
    let body = response.text().await.map_err(|e| Error::NoAnswer { url, reason: root_cause(&e) })?;
    Ok(Answer { status, etag, answered_at, body })
}

/// The innermost cause: "connection refused" says more than "error sending request".
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
