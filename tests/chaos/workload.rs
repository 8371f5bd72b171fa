//! Clients that use the system while it suffers, and write down what they were told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use conncentric::time::since_boot;
use fastrand::Rng;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::arena::{ORCHESTRATORS, PODS, pod_name};
use crate::client::{Answer, Orchestrators};
use crate::evidence::{Asked, Reading, Request, until_now};
use crate::notebook::Notebook;

pub const WORKERS: u64 = 2;

/// The pause between two requests of one worker.
const PAUSE: Duration = Duration::from_millis(120);

/// Sessions that workers move about. The others move for no reason but faults.
const MOVED: [&str; 5] = ["fast-b/0", "slow-b/0", "alone/0", "balanced/1", "program/0"];

/// How long what was disabled is left so, at least: long enough for a moment of calm in which it must have ended.
const DISABLED: Duration = Duration::from_secs(5);

/// No orchestrator.
pub const NOBODY: usize = usize::MAX;

/// When to stop for good, and which orchestrator to leave alone.
pub type Told = (CancellationToken, Arc<AtomicUsize>);

/// Moves all that may be moved to one pod. Who is refused has it already, or cannot have it.
pub async fn burden(clients: Orchestrators, pod: usize) {
    let to = json!({ "to": pod_name(pod) });
    let paths = MOVED.map(|session| format!("/v1/sessions/{session}/move"));
    let each = |(index, path)| clients.send(index % ORCHESTRATORS, Method::POST, path, Some(&to), Uuid::new_v4());
    futures_util::future::join_all(paths.iter().map(String::as_str).enumerate().map(each)).await;
}

struct Worker {
    clients: Orchestrators,
    pod_tokens: Vec<String>,
    dice: Rng,
    notebook: Arc<Notebook>,
    count: u64,
    name: u64,
    left_alone: Arc<AtomicUsize>,
    /// Until when it leaves alone what it has disabled, since boot. Only one of them disables anything.
    toggles_from: Duration,
    enables_next: bool,
}

/// One of [`WORKERS`], each with a number.
pub async fn work(
    clients: Orchestrators,
    pod_tokens: Vec<String>,
    (seed, number): (u64, u64),
    notebook: Arc<Notebook>,
    (calm, left_alone): Told,
) {
    let mut worker = Worker {
        clients,
        pod_tokens,
        dice: Rng::with_seed(seed ^ number),
        notebook,
        count: 0,
        name: seed ^ number,
        left_alone,
        toggles_from: if number == 0 { Duration::ZERO } else { Duration::MAX },
        enables_next: false,
    };
    while !calm.is_cancelled() {
        worker.count += 1;
        let at = worker.any();
        match worker.dice.u8(..100) {
            ..42 => worker.make_token(at).await,
            42..76 => worker.move_session(at).await,
            76..88 => worker.toggle(at).await,
            88 => worker.drain(at).await,
            89..94 => worker.revoke(at).await,
            _ => worker.trespass(at).await,
        }
        sleep(PAUSE).await;
    }
    worker.tidy_up().await;
}

impl Worker {
    /// An orchestrator that may be asked.
    fn any(&mut self) -> usize {
        let (at, left_alone) = (self.dice.usize(..ORCHESTRATORS), self.left_alone.load(Ordering::Relaxed));
        if at == left_alone { (at + 1) % ORCHESTRATORS } else { at }
    }

    /// Sends a request, again with the same key while its outcome is unknown, and gives back the last answer.
    async fn ask(&mut self, at: usize, asked: Asked, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let key = Uuid::from_u128(self.dice.u128(..));
        let mut at = at;
        let mut answer = Answer::Unknown;
        // Some are never asked for again: their outcome stays unknown.
        let tries = if self.dice.u8(..4) == 0 { 1 } else { 6 };
        for _ in 0..tries {
            let from = since_boot();
            answer = self.clients.send(at, method.clone(), path, body, key).await;
            let request = Request { key, asked: asked.clone(), at, span: until_now(from), answer: answer.clone() };
            self.notebook.asked(request);
            if !matches!(answer, Answer::Unknown | Answer::Unreachable) {
                break;
            }
            sleep(PAUSE).await;
            at = if self.left_alone.load(Ordering::Relaxed) == NOBODY { (at + 1) % ORCHESTRATORS } else { self.any() };
        }
        answer
    }

    /// The cheapest command that shows in the log. Whoever was told that it is done must find it done, everywhere.
    async fn make_token(&mut self, at: usize) {
        let name = format!("t-{:x}-{}", self.name, self.count);
        let body = json!({ "name": name, "role": "viewer" });
        let answer = self.ask(at, Asked::Token(name.clone()), Method::POST, "/v1/tokens", Some(&body)).await;
        if let Answer::Done(_) = answer {
            let other = self.any();
            self.read_back(other, &name).await;
        }
    }

    async fn read_back(&self, at: usize, name: &str) {
        let from = since_boot();
        if let Answer::Done(list) = self.clients.get(at, "/v1/tokens").await {
            let shown = list["tokens"].as_array().is_some_and(|tokens| tokens.iter().any(|token| token["name"] == name));
            self.notebook.read(Reading { what: format!("token {name}"), at, span: until_now(from), shown });
        }
    }

    async fn move_session(&mut self, at: usize) {
        let session = MOVED[self.dice.usize(..MOVED.len())];
        let to = pod_name(self.dice.usize(..PODS));
        self.ask(at, Asked::Move, Method::POST, &format!("/v1/sessions/{session}/move"), Some(&json!({ "to": to }))).await;
    }

    async fn toggle(&mut self, at: usize) {
        if since_boot() < self.toggles_from {
            return;
        }
        let verb = if self.enables_next { "enable" } else { "disable" };
        if verb == "disable" {
            self.toggles_from = since_boot() + DISABLED;
        }
        // Now and then it asks for what is so already.
        self.enables_next ^= self.dice.u8(..4) > 0;
        let body = json!({ "names": ["toggled"], "reason": "the run says so" });
        self.ask(at, Asked::Toggle, Method::POST, &format!("/v1/adapters/{verb}"), Some(&body)).await;
    }

    async fn drain(&mut self, at: usize) {
        let pod = pod_name(self.dice.usize(..PODS));
        let body = json!({});
        self.ask(at, Asked::Drain, Method::POST, &format!("/v1/pods/{pod}/drain"), Some(&body)).await;
        sleep(Duration::from_millis(300)).await;
        self.ask(at, Asked::Drain, Method::POST, &format!("/v1/pods/{pod}/undrain"), None).await;
    }

    /// A token that was revoked opens nothing any more, anywhere.
    async fn revoke(&mut self, at: usize) {
        let name = format!("r-{:x}-{}", self.name, self.count);
        let body = json!({ "name": name, "role": "admin" });
        let Answer::Done(made) = self.ask(at, Asked::Token(name), Method::POST, "/v1/tokens", Some(&body)).await else { return };
        let (Some(id), Some(token)) = (made["id"].as_str(), made["token"].as_str()) else { return };
        let (id, token) = (id.to_owned(), token.to_owned());
        let Answer::Done(_) = self.ask(at, Asked::Revoke, Method::DELETE, &format!("/v1/tokens/{id}"), None).await else { return };
        let other = self.any();
        let body = json!({ "name": format!("f-{:x}-{}", self.name, self.count), "role": "viewer" });
        self.forbidden("a revoked token", &token, other, "/v1/tokens", &body).await;
    }

    /// Pods that speak for others, and strangers.
    async fn trespass(&mut self, at: usize) {
        let (own, other) = (self.dice.usize(..PODS), 1 + self.dice.usize(..PODS - 1));
        let token = self.pod_tokens[own].clone();
        let victim = pod_name((own + other) % PODS);
        let incarnation = Uuid::from_u128(self.dice.u128(..)).to_string();
        let register = json!({ "pod": victim, "incarnation": incarnation, "capacity": 1, "labels": {}, "connectors": [] });
        match self.dice.u8(..5) {
            3 | 4 => self.overreach(own, at).await,
            0 => self.forbidden("registering another pod", &token, at, "/v1/pods", &register).await,
            1 => self.forbidden("a pod that enables", &token, at, "/v1/adapters/enable", &json!({ "all": true })).await,
            _ => self.forbidden("a stranger", "nobody", at, "/v1/adapters/disable", &json!({ "all": true })).await,
        }
    }

    /// A pod that claims, or gives back, what another has.
    async fn overreach(&mut self, own: usize, at: usize) {
        let (Answer::Done(pods), Answer::Done(sessions)) =
            (self.clients.get(at, "/v1/pods").await, self.clients.get(at, "/v1/sessions").await)
        else {
            return;
        };
        let pod = pod_name(own);
        let me = pods["pods"].as_array().into_iter().flatten().find(|entry| entry["pod"] == pod.as_str());
        let others = sessions["sessions"].as_array().into_iter().flatten();
        let others: Vec<&Value> =
            others.filter(|entry| entry["owner"]["pod"].is_string() && entry["owner"]["pod"] != pod.as_str()).collect();
        let (Some(me), false) = (me, others.is_empty()) else { return };
        let victim = others[self.dice.usize(..others.len())];
        let key = Uuid::from_u128(self.dice.u128(..));
        let (path, asked, body) = if self.dice.bool() {
            let body = json!({ "pod": pod, "incarnation": me["incarnation"], "request_id": key, "sessions": [victim["session"]] });
            ("/v1/claims", Asked::Claim, body)
        } else {
            let lease = json!({ "session": victim["session"], "token": victim["token"] });
            let body = json!({ "pod": pod, "incarnation": me["incarnation"], "sessions": [lease] });
            ("/v1/releases", Asked::Overreach("giving back what another has"), body)
        };
        let (token, from) = (self.pod_tokens[own].clone(), since_boot());
        let answer = self.clients.send_as(&token, at, Method::POST, path, Some(&body), key).await;
        self.notebook.asked(Request { key, asked, at, span: until_now(from), answer });
    }

    async fn forbidden(&mut self, what: &'static str, token: &str, at: usize, path: &str, body: &Value) {
        let (key, from) = (Uuid::from_u128(self.dice.u128(..)), since_boot());
        let answer = self.clients.send_as(token, at, Method::POST, path, Some(body), key).await;
        self.notebook.asked(Request { key, asked: Asked::Forbidden(what), at, span: until_now(from), answer });
    }

    /// What was disabled and drained is taken back, so that all can be well in the end.
    async fn tidy_up(&mut self) {
        for _ in 0..40 {
            let enabled = self.ask(0, Asked::Toggle, Method::POST, "/v1/adapters/enable", Some(&json!({ "all": true }))).await;
            let mut undrained = true;
            for pod in 0..PODS {
                let answer = self.ask(0, Asked::Drain, Method::POST, &format!("/v1/pods/{}/undrain", pod_name(pod)), None).await;
                undrained &= !matches!(answer, Answer::Unknown | Answer::Unreachable);
            }
            if undrained && matches!(enabled, Answer::Done(_)) {
                return;
            }
            sleep(Duration::from_millis(500)).await;
        }
    }
}
