//! The requests that a pod sends to its orchestrators. What the answers mean is decided elsewhere.

use std::time::Duration;

use reqwest::Method;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use uuid::Uuid;

use crate::client::{Call, Client, Error};
use crate::domain::name::{ArtifactName, Incarnation, PluginName, PodName};
use crate::domain::plugin::PluginVersion;
use crate::domain::token::Epoch;
use crate::wire::action::{AnswerRequest, AnswersAnswer, NewAnswer};
use crate::wire::artifact::ArtifactView;
use crate::wire::log::{LogAnswer, LogRequest, NewEntry};
use crate::wire::plugin::PluginList;
use crate::wire::pod::{
    DrainRequest, HeartbeatAnswer, HeartbeatRequest, HeldLease, LeaseReport, RegisterAnswer, RegisterRequest, ReleaseAnswer, ReleaseRequest,
};

/// For one try of a request that nothing waits for urgently.
const PATIENCE: Duration = Duration::from_secs(5);

/// For a whole download.
const DOWNLOAD: Duration = Duration::from_mins(10);

/// The refusals that a pod acts on.
pub(super) mod code {
    /// The registration is gone, and all leases with it.
    pub(in crate::adapter) const POD_UNKNOWN: &str = "pod-unknown";
    /// A newer process has the name.
    pub(in crate::adapter) const POD_SUPERSEDED: &str = "pod-superseded";
}

/// What one heartbeat says, besides who says it.
pub(super) struct Beat {
    pub(super) sequence: i64,
    pub(super) epoch: Option<Epoch>,
    pub(super) receipt: Option<String>,
    pub(super) leases: Vec<LeaseReport>,
}

/// One incarnation of one pod, and how to reach its orchestrators.
#[derive(Debug, Clone)]
pub(super) struct Link {
    client: Client,
    registration: RegisterRequest,
}

impl Link {
    pub(super) fn new(client: Client, registration: RegisterRequest) -> Self {
        Self { client, registration }
    }

    pub(super) fn pod(&self) -> &PodName {
        &self.registration.pod
    }

    fn incarnation(&self) -> &Incarnation {
        &self.registration.incarnation
    }

    /// The same incarnation may register again and again.
    pub(super) async fn register(&self) -> Result<RegisterAnswer, Error> {
        self.post("/v1/pods", &self.registration, PATIENCE).await
    }

    pub(super) async fn heartbeat(&self, beat: Beat, timeout: Duration) -> Result<HeartbeatAnswer, Error> {
        let (pod, incarnation) = (self.pod().clone(), self.incarnation().clone());
        let Beat { sequence, epoch, receipt, leases } = beat;
        self.post("/v1/heartbeats", &HeartbeatRequest { pod, incarnation, sequence, epoch, receipt, leases }, timeout).await
    }

    pub(super) async fn release(&self, sessions: Vec<HeldLease>) -> Result<ReleaseAnswer, Error> {
        let (pod, incarnation) = (self.pod().clone(), self.incarnation().clone());
        self.post("/v1/releases", &ReleaseRequest { pod, incarnation, sessions }, PATIENCE).await
    }

    /// Passes on entries for the event log. The same key is carried out once, however often it is sent.
    pub(super) async fn log(&self, key: Uuid, entries: Vec<NewEntry>) -> Result<LogAnswer, Error> {
        let body = LogRequest { pod: self.pod().clone(), incarnation: self.incarnation().clone(), entries };
        let headers = [("idempotency-key", key.to_string())];
        let call =
            Call { method: Method::POST, path: "/v1/log", body: Some(&body), headers: &headers, timeout: PATIENCE, repeatable: true };
        self.client.call(&call).await.map(|answer| answer.body)
    }

    /// Says what became of actions, once for each key.
    pub(super) async fn answer(&self, key: Uuid, answers: Vec<NewAnswer>) -> Result<AnswersAnswer, Error> {
        let body = AnswerRequest { pod: self.pod().clone(), incarnation: self.incarnation().clone(), answers };
        let headers = [("idempotency-key", key.to_string())];
        let path = "/v1/actions/answers";
        let call = Call { method: Method::POST, path, body: Some(&body), headers: &headers, timeout: PATIENCE, repeatable: true };
        self.client.call(&call).await.map(|answer| answer.body)
    }

    /// Asks for no new leases.
    pub(super) async fn drain(&self, reason: &str) -> Result<(), Error> {
        let request = DrainRequest { incarnation: Some(self.incarnation().clone()), reason: Some(reason.to_owned()), dry_run: false };
        self.post::<_, IgnoredAny>(&format!("/v1/pods/{}/drain", self.pod()), &request, PATIENCE).await.map(drop)
    }

    /// Ends the registration. One that is gone already is as good.
    pub(super) async fn leave(&self) -> Result<(), Error> {
        let path = format!("/v1/pods/{}?incarnation={}", self.pod(), self.incarnation());
        let call = Call::<()> { method: Method::DELETE, path: &path, body: None, headers: &[], timeout: PATIENCE, repeatable: true };
        match self.client.call::<(), IgnoredAny>(&call).await {
            Err(error) if error.code() != Some(code::POD_UNKNOWN) => Err(error),
            _ => Ok(()),
        }
    }

    pub(super) async fn artifact(&self, name: &ArtifactName) -> Result<ArtifactView, Error> {
        self.client.call(&get::<()>(&format!("/v1/artifacts/{name}"), PATIENCE)).await.map(|answer| answer.body)
    }

    /// The content of a version, to be read as it comes.
    pub(super) async fn artifact_content(&self, name: &ArtifactName, version: u32) -> Result<reqwest::Response, Error> {
        self.client.send(&get::<()>(&format!("/v1/artifacts/{name}/content?version={version}"), DOWNLOAD)).await
    }

    pub(super) async fn plugins(&self) -> Result<PluginList, Error> {
        self.client.call(&get::<()>("/v1/plugins", PATIENCE)).await.map(|answer| answer.body)
    }

    /// A package, to be read as it comes.
    pub(super) async fn plugin_content(&self, name: &PluginName, version: &PluginVersion) -> Result<reqwest::Response, Error> {
        // A version may have build metadata, which begins with a sign that means a space in a query.
        let version = version.to_string().replace('+', "%2B");
        self.client.send(&get::<()>(&format!("/v1/plugins/{name}/content?version={version}"), DOWNLOAD)).await
    }

    /// Opens the pod's stream.
    pub(super) async fn stream(&self) -> Result<reqwest::Response, Error> {
        let path = format!("/v1/pods/{}/stream?incarnation={}", self.pod(), self.incarnation());
        // The limit is for the whole response, and a stream is meant to last.
        let day = Duration::from_hours(24);
        let headers = [("accept", "text/event-stream".to_owned())];
        let call = Call::<()> { method: Method::GET, path: &path, body: None, headers: &headers, timeout: day, repeatable: true };
        self.client.send(&call).await
    }

    /// Every request of a pod says what is the case, not what to change, so all of them may be repeated.
    async fn post<B: Serialize, T: DeserializeOwned>(&self, path: &str, body: &B, timeout: Duration) -> Result<T, Error> {
        let call = Call { method: Method::POST, path, body: Some(body), headers: &[], timeout, repeatable: true };
        self.client.call(&call).await.map(|answer| answer.body)
    }
}

fn get<B>(path: &str, timeout: Duration) -> Call<'_, B> {
    Call { method: Method::GET, path, body: None, headers: &[], timeout, repeatable: true }
}
