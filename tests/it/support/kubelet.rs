//! What a kubelet does with rendered objects, as far as processes go: the commands, environment, files and probes of containers, started on
//! this machine. Each pod has an address of its own in 127.0.0.0/8, so ports are those that the chart says.
//!
//! What is different from a cluster: a name of a Service becomes the addresses behind it, a path of a volume becomes one in a folder.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::process::{Process, command};
use super::wait::{SOON, eventually, holds};

pub type Secret = BTreeMap<String, String>;

/// The objects of a release and what they refer to.
pub struct Release {
    objects: Vec<Value>,
    secrets: BTreeMap<String, Secret>,
    /// Addresses behind the names of Services.
    services: BTreeMap<String, Vec<String>>,
    folder: TempDir,
    starts: u32,
}

/// A pod that runs.
pub struct Pod {
    pub name: String,
    pub address: String,
    process: Process,
    grace: Duration,
    container: Value,
}

impl Release {
    pub fn of(rendered: &str) -> Self {
        // The client wants one, although nothing here is encrypted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let objects: Vec<Value> = serde_saphyr::from_multiple(rendered).expect("YAML");
        let folder = tempfile::tempdir().expect("a folder");
        Self { objects, secrets: BTreeMap::new(), services: BTreeMap::new(), folder, starts: 0 }
    }

    /// A Secret that somebody made, or what a hook made of the rendered one.
    pub fn secret(&mut self, name: &str, secret: Secret) {
        self.secrets.insert(name.to_owned(), secret);
    }

    pub fn service(&mut self, name: &str, addresses: Vec<String>) {
        self.services.insert(name.to_owned(), addresses);
    }

    pub fn object(&self, kind: &str, name: &str) -> &Value {
        let found = self.objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name);
        found.unwrap_or_else(|| panic!("there is no {kind} {name}"))
    }

    /// Runs the containers of a Job or of a pod that ends, one after the other, and gives back what they said.
    pub async fn run_to_end(&mut self, kind: &str, name: &str) -> String {
        let object = self.object(kind, name).clone();
        let spec = if kind == "Pod" { &object["spec"] } else { &object["spec"]["template"]["spec"] };
        let mut said = String::new();
        for container in list(&spec["initContainers"]).iter().chain(list(&spec["containers"])) {
            let command = self.command(name, "127.0.0.1", spec, container);
            let mut process = self.spawn(name, command);
            let status = process.exit().await;
            assert!(status.success(), "{kind} {name}: {status}\n{}", process.log());
            said += &process.log();
        }
        said
    }

    /// Starts a pod of a Deployment or StatefulSet, and waits until its startup and readiness probes succeed.
    pub async fn start(&mut self, kind: &str, workload: &str, pod: &str, address: &str) -> Pod {
        let spec = self.object(kind, workload)["spec"]["template"]["spec"].clone();
        let container = spec["containers"][0].clone();
        let command = self.command(pod, address, &spec, &container);
        let process = self.spawn(pod, command);
        let grace = Duration::from_secs(spec["terminationGracePeriodSeconds"].as_u64().expect("a grace period"));
        let started = Pod { name: pod.to_owned(), address: address.to_owned(), process, grace, container };
        for probe in ["startupProbe", "readinessProbe"] {
            eventually(SOON, async || started.probe(probe).await).await;
        }
        started
    }

    fn spawn(&mut self, name: &str, command: Command) -> Process {
        self.starts += 1;
        Process::spawn(&format!("{name}.{}", self.starts), self.folder.path(), command)
    }

    /// The container's arguments after the image's entry point, which is our program, with its environment.
    fn command(&self, pod: &str, address: &str, spec: &Value, container: &Value) -> Command {
        assert!(container["command"].is_null(), "the image's entry point is the program");
        let files = self.mount(pod, spec, container);
        let mut command = command();
        command.args(list(&container["args"]).iter().map(|argument| argument.as_str().expect("text")));
        for (name, value) in self.environment(pod, container) {
            command.env(name, self.translated(&value, address, &files));
        }
        command
    }

    fn environment(&self, pod: &str, container: &Value) -> BTreeMap<String, String> {
        let mut environment = BTreeMap::new();
        for source in list(&container["envFrom"]) {
            let config = self.object("ConfigMap", text(&source["configMapRef"]["name"]));
            let data = config["data"].as_object().expect("data");
            environment.extend(data.iter().map(|(name, value)| (name.clone(), text(value).to_owned())));
        }
        for variable in list(&container["env"]) {
            let from = &variable["valueFrom"];
            let value = match (variable["value"].as_str(), from["secretKeyRef"].as_object()) {
                (Some(value), _) => value.to_owned(),
                (None, Some(key)) => self.secrets[text(&key["name"])][text(&key["key"])].clone(),
                (None, None) => {
                    assert_eq!(from["fieldRef"]["fieldPath"], "metadata.name");
                    pod.to_owned()
                }
            };
            environment.insert(text(&variable["name"]).to_owned(), value);
        }
        environment
    }

    /// Puts the volumes of a container into the folder: where each path of the container is here.
    fn mount(&self, pod: &str, spec: &Value, container: &Value) -> Vec<(String, PathBuf)> {
        let mut mounted = Vec::new();
        for mount in list(&container["volumeMounts"]) {
            let path = text(&mount["mountPath"]);
            let volume = list(&spec["volumes"]).iter().find(|volume| volume["name"] == mount["name"]).expect("a volume");
            let here = self.folder.path().join(pod).join(text(&mount["name"]));
            std::fs::create_dir_all(&here).expect("a folder");
            for item in list(&volume["secret"]["items"]) {
                let content = &self.secrets[text(&volume["secret"]["secretName"])][text(&item["key"])];
                std::fs::write(here.join(text(&item["path"])), content).expect("written");
            }
            let here = mount["subPath"].as_str().map_or(here.clone(), |file| here.join(file));
            mounted.push((path.to_owned(), here));
        }
        mounted
    }

    fn translated(&self, value: &str, address: &str, files: &[(String, PathBuf)]) -> String {
        if let Some((path, here)) = files.iter().find(|(path, _)| value.starts_with(path.as_str())) {
            return value.replacen(path, &here.display().to_string(), 1);
        }
        for (service, addresses) in &self.services {
            let all = |port: &str| addresses.iter().map(|address| format!("http://{address}:{port}")).collect::<Vec<_>>().join(",");
            if let Some(port) = value.strip_prefix(&format!("http://{service}:")) {
                return all(port);
            }
        }
        value.replace("0.0.0.0", address)
    }
}

impl Pod {
    /// One try of a probe, as the container declares it.
    pub async fn probe(&self, which: &str) -> Result<(), String> {
        let probe = &self.container[which]["httpGet"];
        let port = list(&self.container["ports"]).iter().find(|port| port["name"] == probe["port"]).expect("a port of that name");
        let url = format!("http://{}:{}{}", self.address, port["containerPort"], text(&probe["path"]));
        let answer = reqwest::get(&url).await.map_err(|error| format!("{}: {error}", self.name))?;
        holds(answer.status().is_success(), format!("{}: {which} {}", self.name, answer.status()))
    }

    /// Whether it goes on being ready for as long as the workload asks for before the next pod is touched.
    pub async fn stays_ready(&self, duration: Duration) {
        let mut looks = tokio::time::interval(Duration::from_millis(250));
        let all = async {
            loop {
                looks.tick().await;
                self.probe("readinessProbe").await.expect("it stays ready");
            }
        };
        tokio::time::timeout(duration, all).await.expect_err("it ends with the time only");
    }

    /// SIGTERM, and an orderly end within the grace period.
    pub async fn terminate(mut self) {
        self.probe("livenessProbe").await.expect("it lives");
        self.process.signal(Signal::TERM);
        let status = tokio::time::timeout(self.grace, self.process.exit()).await;
        let status = status.unwrap_or_else(|_| panic!("{} would be killed: it did not end within {:?}", self.name, self.grace));
        assert!(status.success(), "{}: {status}", self.name);
    }

    pub async fn kill(mut self) {
        self.process.kill().await;
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}
