//! Which processes make up the demo, and with which arguments.

use super::Config;
use super::database::Database;
use super::folder::Folder;
use super::part::Part;

/// Sessions that one pod has room for: a demo should not run into this.
const CAPACITY: u16 = 100;

pub(super) fn orchestrator_urls(config: &Config) -> Vec<String> {
    ports(config).map(|port| format!("http://127.0.0.1:{port}")).collect()
}

pub(super) fn ports(config: &Config) -> impl Iterator<Item = u16> {
    (0..config.orchestrators).map(|index| config.port.saturating_add(index))
}

pub(super) fn orchestrators(config: &Config, database: &Database) -> Vec<Part> {
    let part = |(index, port)| Part {
        name: format!("orchestrator-{}", index + 1),
        arguments: ["orchestrator", "--listen", &format!("127.0.0.1:{port}"), "--migrations", "none"].map(str::to_owned).to_vec(),
        environment: vec![("DATABASE_URL", database.application_url.clone())],
    };
    ports(config).enumerate().map(part).collect()
}

pub(super) fn pod_names(config: &Config) -> Vec<String> {
    (1..=config.pods).map(|number| format!("pod-{number}")).collect()
}

pub(super) fn pods(config: &Config, folder: &Folder) -> Vec<Part> {
    let urls = orchestrator_urls(config).join(",");
    let part = |name: String| {
        let (token, data) = (folder.pod_token(&name).display().to_string(), folder.path("pods").join(&name).display().to_string());
        let flags = ["adapter", "--orchestrator", &urls, "--pod", &name, "--token-file", &token, "--data-dir", &data, "--capacity"];
        let arguments = flags.into_iter().map(str::to_owned).chain([CAPACITY.to_string()]).collect();
        Part { arguments, environment: vec![], name }
    };
    pod_names(config).into_iter().map(part).collect()
}

pub(super) fn venue(folder: &Folder, address: &str) -> Part {
    let journal = folder.path("venue.jsonl").display().to_string();
    let arguments = ["venue", "--listen", address, "--journal", &journal].map(str::to_owned).to_vec();
    Part { name: "venue".into(), arguments, environment: vec![] }
}
