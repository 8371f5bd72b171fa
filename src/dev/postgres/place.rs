//! Where a cluster may lie, so that the user who runs PostgreSQL can reach it.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::account::Account;

/// Folders for clusters that cannot lie where they were wanted. The first survives restarts of the machine best.
const ELSEWHERE: [&str; 2] = ["/var/lib", "/var/tmp"];

/// Chooses and makes the home folder of a new cluster: `wanted`, unless PostgreSQL's user cannot reach that, as under `/root`.
pub fn place(wanted: &Path) -> anyhow::Result<PathBuf> {
    let parent = wanted.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(parent).with_context(|| format!("{} cannot be created", parent.display()))?;
    let account = Account::to_borrow()?;
    let home = match &account {
        Some(account) if !account.can_enter(parent) => elsewhere(account)?,
        _ => wanted.to_owned(),
    };
    // `wanted` may exist if an earlier start was cut short; elsewhere, a folder that exists was made by somebody else.
    if home != wanted || !home.is_dir() {
        DirBuilder::new().mode(0o700).create(&home).with_context(|| format!("{} cannot be created", home.display()))?;
    }
    if let Some(account) = &account {
        account.give(&home)?;
    }
    Ok(home)
}

/// A name that nobody could have taken before, because some of these folders belong to everybody.
fn elsewhere(account: &Account) -> anyhow::Result<PathBuf> {
    let parent = ELSEWHERE.iter().map(Path::new).find(|folder| account.can_enter(folder));
    let parent = parent
        .with_context(|| format!("user {} can reach neither /var/lib nor /var/tmp; give --data DIR a folder that it can", account.name))?;
    Ok(parent.join(format!("conncentric-dev-{}", crate::dev::secret::random_text(8)?)))
}

/// Removes a cluster that was stopped, if it is there.
pub fn remove(home: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(home) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", home.display()))
        }
        _ => Ok(()),
    }
}
