//! Access tokens that whoever installed the system laid into a folder: each is recorded once, and is like any other from then on.
//!
//! A file `ROLE` or `ROLE.NAME` holds one token, such as `admin.installation` or `pod.adapters`. Its request id is worked out from
//! the token, so all orchestrators together record it once, and one that was revoked stays revoked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::ValueEnum;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Orchestrator;
use super::backoff::Backoff;
use super::request::{Actor, Failure, Submission};
use crate::domain::command::{Command, CreateAccessToken};
use crate::domain::identity::{BearerToken, Role};

/// Longer than any token: whoever names the wrong folder is told, and nothing large is read.
const LONGEST: u64 = 1024;

/// All orchestrators say the same, because a request that is repeated must be the same in everything.
const ACTOR: &str = "installation via folder of tokens";

/// A token of the folder, without its secret.
#[derive(Debug)]
pub(super) struct Given {
    file: PathBuf,
    create: CreateAccessToken,
    request_id: Uuid,
}

/// Reads all files of a folder but hidden ones, which is where Kubernetes keeps what its links point to.
///
/// # Errors
/// Names the file that cannot be read, or whose name or content is not as it should be.
pub(super) fn read(folder: &Path) -> anyhow::Result<Vec<Given>> {
    let mut given = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read the folder of tokens {}", folder.display()))? {
        let file = entry?.path();
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !name.starts_with('.') {
            given.push(one(&name, &file).with_context(|| format!("cannot use the token in {}", file.display()))?);
        }
    }
    ensure!(!given.is_empty(), "the folder of tokens {} is empty; give files such as admin.installation", folder.display());
    Ok(given)
}

fn one(file_name: &str, file: &Path) -> anyhow::Result<Given> {
    let (role, name) = file_name.split_once('.').unwrap_or((file_name, file_name));
    let Ok(role) = Role::from_str(role, false) else {
        bail!("its name has to begin with viewer, operator, admin or pod; for example admin.installation");
    };
    ensure!(std::fs::metadata(file)?.len() <= LONGEST, "it is too large for a token");
    let token: BearerToken = std::fs::read_to_string(file)?.trim().parse()?;
    let hash = token.hash();
    let request_id = Uuid::new_v5(&Uuid::NAMESPACE_OID, token.reveal().as_bytes());
    let create = CreateAccessToken { id: token.id().clone(), name: name.to_owned(), role, pod: None, hash };
    Ok(Given { file: file.to_owned(), create, request_id })
}

/// Records what is not in the log yet, however long the database is away.
pub(super) async fn record(orchestrator: Orchestrator, given: Vec<Given>, shutdown: CancellationToken) {
    for token in given {
        if shutdown.run_until_cancelled(record_one(&orchestrator, &token)).await.is_none() {
            return;
        }
    }
}

async fn record_one(orchestrator: &Orchestrator, given: &Given) {
    let mut pause = Backoff::default();
    loop {
        orchestrator.connected().await;
        if orchestrator.latest().fleet.access_token(&given.create.id).is_some() {
            return;
        }
        let actor = Actor { name: ACTOR.to_owned(), access_token: None };
        let command = Command::CreateAccessToken(given.create.clone());
        match orchestrator.submit(Submission { command, actor, request_id: given.request_id }).await {
            Ok(done) if done.after.fleet.access_token(&given.create.id).is_none() => {
                return tracing::warn!("the token in {} was revoked and stays so; take it out of the folder", given.file.display());
            }
            Ok(_) => return tracing::info!(name = given.create.name, role = %given.create.role, "an access token was recorded"),
            Err(Failure::Refused(refusal)) => {
                return tracing::error!("the token in {} is refused: {refusal}", given.file.display());
            }
            Err(failure) => {
                tracing::warn!("the token in {} is not recorded yet: {failure}", given.file.display());
                sleep(pause.next().max(Duration::from_millis(100))).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("written");
        }
        folder
    }

    const TOKEN: &str = "cct_0123456789abcdef_secret\n";

    #[test]
    fn the_name_of_a_file_says_role_and_name() {
        let folder = folder(&[("admin.first.of-all", TOKEN), ("pod", TOKEN), ("..data", "a link of Kubernetes")]);
        let mut given = read(folder.path()).expect("read");
        given.sort_by(|a, b| a.create.name.cmp(&b.create.name));
        let said: Vec<_> = given.iter().map(|given| (given.create.role, given.create.name.as_str())).collect();
        assert_eq!(said, [(Role::Admin, "first.of-all"), (Role::Pod, "pod")]);
        assert_eq!(given[0].request_id, given[1].request_id, "it depends on the token alone");
    }

    #[test]
    fn a_mistake_names_the_file_and_what_would_be_right() {
        for (name, text, said) in [
            ("king.arthur", TOKEN, "admin.installation"),
            ("pod.a", "hunter2", "begin with cct_"),
            ("pod.b", &"x".repeat(2000), "too large"),
        ] {
            let error = format!("{:#}", read(folder(&[(name, text)]).path()).expect_err(name));
            assert!(error.contains(name) && error.contains(said), "{error}");
        }
        assert!(format!("{:#}", read(folder(&[]).path()).expect_err("empty")).contains("is empty"));
    }
}
