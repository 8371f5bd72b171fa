//! Which user runs PostgreSQL's programs. They refuse to run as root, so root borrows another account for them.

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;

/// Accounts that need no set-up, the most fitting first. `_postgres` is macOS' own.
const CANDIDATES: [&str; 3] = ["postgres", "_postgres", "nobody"];

/// A user other than ourselves. PostgreSQL insists that it has an entry in the list of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    /// `None` if we are not root and simply run the programs ourselves.
    pub(super) fn to_borrow() -> anyhow::Result<Option<Self>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let account = CANDIDATES.iter().find_map(|name| Self::named(name));
        let none = "PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody; add one of them";
        Ok(Some(account.context(none)?))
    }

    /// The owner of a cluster that exists, so that it stays usable when a better candidate is installed later.
    pub(super) fn owning(home: &Path) -> anyhow::Result<Option<Self>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        match std::fs::metadata(home) {
            Ok(owner) if owner.uid() != 0 => {
                let known = CANDIDATES.iter().filter_map(|name| Self::named(name)).find(|account| account.uid == owner.uid());
                Ok(Some(known.unwrap_or_else(|| Self { name: owner.uid().to_string(), uid: owner.uid(), gid: owner.gid() })))
            }
            _ => Self::to_borrow(),
        }
    }

    fn named(name: &str) -> Option<Self> {
        let number = |flag: &str| {
            let output = Command::new("id").args([flag, name]).stdin(Stdio::null()).output().ok()?;
            String::from_utf8(output.stdout).ok()?.trim().parse().ok()
        };
        Some(Self { name: name.to_owned(), uid: number("-u")?, gid: number("-g")? })
    }

    /// Whether this user can reach the folder. The kernel is asked, because modes do not tell of ACLs and mounts.
    pub(super) fn can_enter(&self, folder: &Path) -> bool {
        let mut probe = Command::new("/bin/sh");
        probe.args(["-c", "cd \"$1\"", "sh"]).arg(folder).current_dir("/").uid(self.uid).gid(self.gid);
        probe.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    }

    pub(super) fn give(&self, path: &Path) -> anyhow::Result<()> {
        chown(path, Some(self.uid), Some(self.gid)).with_context(|| format!("{} cannot be given to user {}", path.display(), self.name))
    }
}
