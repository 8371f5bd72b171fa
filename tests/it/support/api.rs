//! Orchestrators on a database of their own, and HTTP requests to them as anybody: people, pods and strangers.

use std::pin::Pin;
use std::time::Duration;

use conncentric::domain::command::{Command, CreateAccessToken};
use conncentric::domain::identity::{BearerToken, Role};
use conncentric::log::migrate;
use conncentric::orchestrator::direct;
use conncentric::wire::access_token::CreatedAccessToken;
use conncentric::wire::problem::{MEDIA_TYPE, Problem};
use futures_util::{Stream, StreamExt};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sse_stream::{Sse, SseByteStream};
use tempfile::TempDir;
use uuid::Uuid;

use super::postgres::Database;
use super::process::Process;
use super::wait::{SOON, eventually, holds};

/// One access token of each role, none bound to anything.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub admin: String,
    pub operator: String,
    pub viewer: String,
    pub pod: String,
}

impl Tokens {
    pub fn of(&self, role: Role) -> &str {
        match role {
            Role::Admin => &self.admin,
            Role::Operator => &self.operator,
            Role::Viewer => &self.viewer,
            Role::Pod => &self.pod,
        }
    }
}

/// Orchestrators that serve, and what is needed to talk to them.
#[derive(Debug)]
pub struct Api {
    pub processes: Vec<Process>,
    pub urls: Vec<String>,
    pub tokens: Tokens,
    pub folder: TempDir,
    pub http: reqwest::Client,
    /// Last, so that it is dropped when nobody uses it any more.
    pub database: Database,
}

impl Api {
    /// `orchestrators` of them on a fresh database, ready, connected as the application's role.
    pub async fn start(name: &str, orchestrators: usize) -> Self {
        let database = Database::create(name).await;
        migrate(&database.url).await.expect("migrates");
        let urls = vec![database.app_url.clone(); orchestrators];
        Self::start_on(database, &urls).await
    }

    /// The same on a database that is migrated, one orchestrator for each way to reach it.
    pub async fn start_on(database: Database, ways: &[String]) -> Self {
        // Thousands of requests at once are thousands of sockets on this side, too.
        conncentric::limits::raise();
        let folder = tempfile::tempdir().expect("a folder");
        let admin = first_token(&database).await;
        let mut processes: Vec<Process> =
            ways.iter().enumerate().map(|(i, way)| orchestrator(&format!("orchestrator-{i}"), &folder, way)).collect();
        let mut urls = Vec::new();
        for process in &mut processes {
            urls.push(format!("http://{}", process.listening().await));
        }
        let unknown = String::new();
        let tokens = Tokens { admin, operator: unknown.clone(), viewer: unknown.clone(), pod: unknown };
        let mut api = Self { processes, urls, tokens, folder, http: http_client(), database };
        for at in 0..api.urls.len() {
            api.ready(at).await;
        }
        api.tokens.operator = api.make_token(Role::Operator, "operator", None).await.token;
        api.tokens.viewer = api.make_token(Role::Viewer, "viewer", None).await.token;
        api.tokens.pod = api.make_token(Role::Pod, "pods", None).await.token;
        api
    }

    /// Waits until an orchestrator can append.
    pub async fn ready(&self, at: usize) {
        eventually(SOON, async || {
            let answer = self.get("/readyz").at(at).nobody().send().await;
            holds(answer.status == 200, format!("not ready: {}", answer.text))
        })
        .await;
    }

    pub async fn make_token(&self, role: Role, name: &str, pod: Option<&str>) -> CreatedAccessToken {
        let body = json!({ "role": role, "name": name, "pod": pod });
        self.post("/v1/tokens", &body).send().await.expect(201).read()
    }

    /// Declares an adapter that is enabled, with whatever `more` says.
    pub async fn declare(&self, name: &str, more: Value) {
        let mut document = json!({ "name": name, "connector": "exec", "settings": { "command": ["true"] }, "mode": "exclusive", "enabled": true, "lease_ttl": "30s" });
        let (Some(document), Value::Object(more)) = (document.as_object_mut(), more) else { panic!("not an object") };
        document.extend(more);
        let answer = self.put(&format!("/v1/adapters/{name}"), &document).send().await;
        assert!(matches!(answer.status, 200 | 201), "{}: {}", answer.status, answer.text);
    }

    /// A pod that is not registered yet.
    pub fn pod(&self, name: &str) -> ScriptedPod<'_> {
        ScriptedPod {
            api: self,
            name: name.into(),
            incarnation: Uuid::new_v4().to_string(),
            token: self.tokens.pod.clone(),
            at: 0,
            beats: 0,
        }
    }

    /// The position of the last ledger event, from the table itself.
    pub async fn ledger_position(&self) -> i64 {
        let row = self.database.connect().await.query_one("select ledger_position from event_head", &[]).await;
        row.expect("reads").get(0)
    }

    /// A request as the administrator to the first orchestrator, until it is told otherwise.
    pub fn request(&self, method: Method, path: &str) -> Request<'_> {
        Request { api: self, at: 0, method, path: path.into(), token: Some(self.tokens.admin.clone()), headers: Vec::new(), body: None }
    }

    pub fn get(&self, path: &str) -> Request<'_> {
        self.request(Method::GET, path)
    }

    pub fn delete(&self, path: &str) -> Request<'_> {
        self.request(Method::DELETE, path)
    }

    pub fn post(&self, path: &str, body: &impl Serialize) -> Request<'_> {
        self.request(Method::POST, path).json(body)
    }

    pub fn put(&self, path: &str, body: &impl Serialize) -> Request<'_> {
        self.request(Method::PUT, path).json(body)
    }
}

pub fn orchestrator(name: &str, folder: &TempDir, database_url: &str) -> Process {
    let arguments = ["orchestrator", "--listen", "127.0.0.1:0", "--migrations", "none", "--name", name, "--database-url", database_url];
    Process::start(name, folder.path(), &arguments)
}

pub fn http_client() -> reqwest::Client {
    // Fails only if another test was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(Duration::from_mins(1)).tcp_nodelay(true).build().expect("a client")
}

/// An administrator's token, made as the first of a system is.
pub async fn first_token(database: &Database) -> String {
    let mut random = [0; 40];
    getrandom::fill(&mut random).expect("random");
    let token = BearerToken::from_randomness(&random);
    let create = CreateAccessToken { id: token.id().clone(), name: "admin".into(), role: Role::Admin, pod: None, hash: token.hash() };
    direct::execute(&database.app_url, Command::CreateAccessToken(create)).await.expect("a first token");
    token.reveal().to_owned()
}

/// A request in the making.
#[derive(Clone)]
#[must_use]
pub struct Request<'a> {
    api: &'a Api,
    at: usize,
    method: Method,
    path: String,
    token: Option<String>,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = String::from_utf8_lossy(self.body.as_deref().unwrap_or_default());
        let body: String = body.chars().take(300).collect();
        write!(f, "{} {} {:?} {body}", self.method, self.path, self.headers)
    }
}

impl Request<'_> {
    /// To another orchestrator than the first.
    pub fn at(mut self, at: usize) -> Self {
        self.at = at;
        self
    }

    pub fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Without any token.
    pub fn nobody(mut self) -> Self {
        self.token = None;
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn json(self, body: &impl Serialize) -> Self {
        self.bytes(serde_json::to_vec(body).expect("serialises"))
    }

    /// A body as it is, valid or not.
    pub fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends it and reads the whole answer.
    pub async fn send(self) -> Answer {
        let what = format!("{} {}", self.method, self.path);
        self.try_send().await.unwrap_or_else(|error| panic!("{what}: no answer: {error:?}"))
    }

    pub async fn try_send(self) -> Result<Answer, reqwest::Error> {
        let what = format!("{} {}", self.method, self.path);
        let response = self.open().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { what, status, headers, text: response.text().await? })
    }

    /// Sends it and leaves the body unread, for streams.
    pub fn open(self) -> impl Future<Output = Result<reqwest::Response, reqwest::Error>> + use<> {
        let mut request = self.api.http.request(self.method, format!("{}{}", self.api.urls[self.at], self.path));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = self.body {
            request = request.header("content-type", "application/json").body(body);
        }
        request.send()
    }
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    what: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text);
        self
    }

    #[track_caller]
    pub fn read<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{}: {error}: {}", self.what, self.text))
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        self.read()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The problem document of a refusal, with all that every one of them has.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Problem {
        assert_eq!(self.header("content-type"), Some(MEDIA_TYPE), "{}: {} {}", self.what, self.status, self.text);
        let problem: Problem = self.read();
        assert_eq!((self.status, problem.status, problem.code.as_str()), (status, status, code), "{}: {}", self.what, self.text);
        assert!(!problem.title.is_empty() && !problem.detail.is_empty(), "{}: {}", self.what, self.text);
        assert_eq!(self.header("www-authenticate").is_some(), status == 401, "{}", self.what);
        problem
    }
}

/// A pod without a process: says over HTTP exactly what a test wants said.
#[derive(Debug, Clone)]
pub struct ScriptedPod<'a> {
    api: &'a Api,
    pub name: String,
    pub incarnation: String,
    pub token: String,
    /// Which orchestrator it talks to.
    pub at: usize,
    beats: i64,
}

impl ScriptedPod<'_> {
    /// Registers with room for `capacity` units and the connectors that are built in.
    pub async fn register(&self, capacity: u32) -> Answer {
        self.register_with(json!({ "capacity": capacity })).await
    }

    pub async fn register_with(&self, more: Value) -> Answer {
        self.post("/v1/pods", more).send().await
    }

    /// A heartbeat that reports these sessions as ACTIVE.
    pub async fn heartbeat(&mut self, leases: &[(&str, &str)]) -> Answer {
        self.beats += 1;
        let leases: Vec<Value> =
            leases.iter().map(|(session, token)| json!({ "session": session, "token": token, "status": "ACTIVE" })).collect();
        self.post("/v1/heartbeats", json!({ "sequence": self.beats, "leases": leases })).send().await
    }

    pub fn claim<'a>(&'a self, request_id: Uuid, sessions: &[&str]) -> Request<'a> {
        self.post("/v1/claims", json!({ "request_id": request_id, "sessions": sessions }))
    }

    pub async fn release(&self, leases: &[(&str, &str)]) -> Answer {
        let sessions: Vec<Value> = leases.iter().map(|(session, token)| json!({ "session": session, "token": token })).collect();
        self.post("/v1/releases", json!({ "sessions": sessions })).send().await
    }

    pub fn stream(&self) -> Request<'_> {
        let path = format!("/v1/pods/{}/stream?incarnation={}", self.name, self.incarnation);
        self.api.get(&path).at(self.at).with_token(&self.token)
    }

    /// A request whose body begins with who the pod is.
    pub fn post<'a>(&'a self, path: &str, more: Value) -> Request<'a> {
        let mut body = json!({ "pod": self.name, "incarnation": self.incarnation });
        let (Some(members), Value::Object(more)) = (body.as_object_mut(), more) else { panic!("not an object") };
        members.extend(more);
        self.api.post(path, &body).at(self.at).with_token(&self.token)
    }
}

/// A stream of server-sent events, read one by one.
pub struct Pushes {
    events: Pin<Box<dyn Stream<Item = Result<Sse, sse_stream::Error>> + Send>>,
}

impl Pushes {
    pub async fn open(request: Request<'_>) -> Self {
        let response = request.open().await.expect("opens");
        assert_eq!(response.status().as_u16(), 200, "the stream is refused");
        assert_eq!(response.headers()["x-accel-buffering"], "no", "a proxy would hold events back");
        Self { events: Box::pin(SseByteStream::new(response.bytes_stream())) }
    }

    /// The next event by its name, its data and its id; `None` once the stream has ended, in order or not.
    pub async fn next(&mut self) -> Option<(String, Value, Option<String>)> {
        loop {
            let next = tokio::time::timeout(SOON, self.events.next()).await.expect("nothing is said");
            let event = next?.ok()?;
            // Comments, which only say that the stream lives.
            let Some(data) = event.data.filter(|data| !data.is_empty()) else { continue };
            let data = serde_json::from_str(&data).unwrap_or_else(|error| panic!("{error}: {data}"));
            return Some((event.event.unwrap_or_default(), data, event.id));
        }
    }

    /// The data of the next event, which has this name.
    #[track_caller]
    pub fn expect<'a>(&'a mut self, name: &'a str) -> impl Future<Output = Value> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let (said, data, _) = self.next().await.unwrap_or_else(|| panic!("{caller}: the stream ended before \"{name}\""));
            assert_eq!(said, name, "{caller}: {data}");
            data
        }
    }
}
