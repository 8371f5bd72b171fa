//! Keys that orchestrators and pods were given, and packages that none of them signed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use conncentric::domain::content::ContentHash;
use conncentric::domain::status::OperationalStatus;
use conncentric::plugin::sign::sign;
use conncentric::wire::access_token::CreatedAccessToken;
use conncentric::wire::session::SessionView;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::feed;
use super::hostile::{install, rows};
use crate::support::api::{Answer, Api, http_client};
use crate::support::process::Process;
use crate::support::sound::assert_sound;
use crate::support::system::{System, document};
use crate::support::wait::SOON;

/// A private key, and the file of the public one.
struct Key {
    private: PathBuf,
    public: String,
}

impl Key {
    fn make(folder: &Path, name: &str) -> Self {
        let (private, public) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.pub")));
        let openssl = |arguments: &[&str], out: &Path| {
            let output = Command::new("openssl").args(arguments).arg("-out").arg(out).output().expect("openssl");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        openssl(&["genpkey", "-algorithm", "ed25519"], &private);
        openssl(&["pkey", "-pubout", "-in", &private.display().to_string()], &public);
        Self { private, public: public.display().to_string() }
    }

    fn sign(&self, package: &[u8]) -> String {
        sign(&self.private, ContentHash::new(Sha256::digest(package).into())).expect("a signature")
    }
}

/// One more orchestrator, which trusts this key.
async fn with_key(folder: &Path, database_url: &str, key: &Key) -> (Process, String) {
    let arguments = [
        "orchestrator",
        "--listen",
        "127.0.0.1:0",
        "--migrations",
        "none",
        "--name",
        "careful",
        "--database-url",
        database_url,
        "--plugin-key",
        &key.public,
    ];
    let mut process = Process::start("careful", folder, &arguments);
    let address = process.listening().await;
    process.line_with("following the log").await;
    (process, format!("http://{address}"))
}

#[tokio::test]
async fn an_orchestrator_with_keys_takes_only_what_one_of_them_signed() {
    let mut api = Api::start("plugin-keys", 1).await;
    let (key, other) = (Key::make(api.folder.path(), "release"), Key::make(api.folder.path(), "other"));
    let (process, url) = with_key(api.folder.path(), &api.database.app_url, &key).await;
    api.processes.push(process);
    api.urls.push(url);
    api.ready(1).await;
    let before = rows(&api).await;
    let package = feed(api.folder.path(), "1.0.0");
    let another = key.sign(&feed(api.folder.path(), "1.1.0"));
    let sent = async |signature: Option<&str>| -> Answer {
        let request = install(&api, &package).at(1);
        let request = if let Some(signature) = signature { request.header("plugin-signature", signature) } else { request };
        request.send().await
    };
    let unsigned = sent(None).await.problem(403, "plugin-unsigned");
    assert!(unsigned.detail.contains("conncentric plugin sign"), "{}", unsigned.detail);
    for forged in [other.sign(&package), another] {
        let refused = sent(Some(&forged)).await.problem(403, "plugin-unsigned");
        assert!(refused.detail.contains("not of this package by a key that is trusted here"), "{}", refused.detail);
    }
    assert_eq!(sent(Some("signed")).await.problem(400, "invalid-field").field.as_deref(), Some("Plugin-Signature"));
    assert_eq!(rows(&api).await, before, "nothing of it is stored");
    let installed = sent(Some(&key.sign(&package))).await.expect(201).json();
    assert!(installed["plugin"]["versions"][0]["signed_by"].is_string(), "{installed}");
}

async fn pod_with_key(system: &System, key: &Key) -> Process {
    let request = json!({ "name": "pod-1", "role": "pod", "pod": "pod-1" });
    let created: CreatedAccessToken = system.call(Method::POST, "/v1/tokens", Some(&request)).await.expect("a token");
    let (token, data) = (system.folder().join("pod-1.token"), system.folder().join("pod-1.data").display().to_string());
    std::fs::write(&token, created.token).expect("written");
    let (url, token) = (system.urls()[0].to_string(), token.display().to_string());
    let arguments =
        ["adapter", "--orchestrator", &url, "--pod", "pod-1", "--token-file", &token, "--data-dir", &data, "--plugin-key", &key.public];
    let mut pod = Process::start("pod-1", system.folder(), &arguments);
    pod.line_with("registered as").await;
    pod
}

/// A pod with a key need not trust the database: what an orchestrator without keys took in, it does not run.
#[tokio::test]
async fn a_pod_with_a_key_runs_only_what_it_signed() {
    let system = System::start("plugin-careful-pod", 1, 0).await;
    let key = Key::make(system.folder(), "release");
    let _pod = pod_with_key(&system, &key).await;
    let (_orchestrator, careful) = with_key(system.folder(), &system.database.app_url, &key).await;
    let trusting = system.urls()[0].as_str().trim_end_matches('/').to_owned();
    let put = async |url: &str, version: &str, signed: bool| {
        let package = feed(system.folder(), version);
        let mut request = http_client().put(format!("{url}/v1/plugins/feed")).bearer_auth(system.token());
        if signed {
            request = request.header("plugin-signature", key.sign(&package));
        }
        let answer = request.body(package).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
    };
    put(&trusting, "1.0.0", false).await;
    let adapter = document("a", "feed", Duration::from_secs(3), &json!({ "port": 7 }));
    let _: Value = system.call(Method::PUT, "/v1/adapters/a", Some(&adapter)).await.expect("declared");
    let refused = |session: &SessionView| {
        let reason = session.reason.as_deref().unwrap_or_default();
        session.status == OperationalStatus::Error
            && reason.contains("plugin feed version 1.0.0 is not run here: the package is not signed")
    };
    system.until_each(SOON, "is refused by the pod", refused).await;
    // The key of the orchestrator that took it in is not asked for either: a signature that nobody checked is not kept.
    put(&trusting, "1.0.1", true).await;
    let still = |session: &SessionView| session.reason.as_deref().unwrap_or_default().contains("plugin feed version 1.0.1 is not run here");
    system.until_each(SOON, "is refused by the pod", still).await;
    put(&careful, "1.1.0", true).await;
    system.until_active(SOON).await;
    assert_sound(&system).await;
}
