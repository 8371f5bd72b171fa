//! The data folder of a demo: what lies where in it, and what is remembered from one start to the next.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::secret;

/// A folder with this file is one of ours, and only such a folder is ever emptied.
const MARKER: &str = ".conncentric-dev";
const LOCK: &str = "lock";

/// What a later start needs to know, beside the secrets, which have files of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remembered {
    /// Where the private PostgreSQL lies: in the folder, unless its user cannot reach that.
    pub(super) postgres_home: Option<PathBuf>,
    pub(super) postgres_port: Option<u16>,
    pub(super) venue_port: Option<u16>,
    /// The database that the tokens were made in.
    pub(super) database: Option<String>,
}

/// The folder, locked for as long as the value lives: one demo in one folder.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder if there is none. Refuses one that holds anything else.
    pub(super) fn open(data: &Path) -> anyhow::Result<Self> {
        let context = || format!("the data folder {} cannot be used", data.display());
        std::fs::create_dir_all(data).with_context(context)?;
        let root = data.canonicalize().with_context(context)?;
        let marker = root.join(MARKER);
        if !marker.exists() {
            if std::fs::read_dir(&root).with_context(context)?.next().is_some() {
                bail!("{} holds something else and is left alone; give --data a folder of its own", root.display());
            }
            std::fs::write(&marker, "The data of `conncentric dev`. `conncentric dev --reset` empties this folder.\n")
                .with_context(context)?;
        }
        let lock = File::options().create(true).append(true).open(root.join(LOCK)).with_context(context)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { root, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                bail!("another conncentric dev runs in {}; stop it first, or give --data another folder", root.display())
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(context),
        }
    }

    /// Removes everything but the lock, which others may be waiting to look at, and the marker.
    pub(super) fn empty(&self) -> anyhow::Result<()> {
        for entry in std::fs::read_dir(&self.root)? {
            let entry = entry?;
            if [MARKER, LOCK].iter().any(|kept| entry.file_name() == *kept) {
                continue;
            }
            let removed =
                if entry.file_type()?.is_dir() { std::fs::remove_dir_all(entry.path()) } else { std::fs::remove_file(entry.path()) };
            removed.with_context(|| format!("{} cannot be removed", entry.path().display()))?;
        }
        Ok(())
    }

    /// Makes the folders inside.
    pub(super) fn furnish(&self) -> anyhow::Result<()> {
        for folder in ["logs", "run", "tokens", "pods"] {
            let path = self.root.join(folder);
            std::fs::create_dir_all(&path).with_context(|| format!("{} cannot be created", path.display()))?;
        }
        Ok(())
    }

    pub(super) fn remembered(&self) -> anyhow::Result<Remembered> {
        let path = self.root.join("state.json");
        match secret::read(&path)? {
            Some(text) => serde_json::from_str(&text).with_context(|| format!("{} does not parse; --reset starts anew", path.display())),
            None => Ok(Remembered::default()),
        }
    }

    pub(super) fn remember(&self, remembered: &Remembered) -> anyhow::Result<()> {
        secret::keep(&self.root.join("state.json"), &serde_json::to_string_pretty(remembered)?)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.root.join("logs").join(format!("{name}.log"))
    }

    /// A shell script that starts a process.
    pub(super) fn script(&self, name: &str) -> PathBuf {
        self.root.join("run").join(name)
    }

    pub(super) fn pid_file(&self, name: &str) -> PathBuf {
        self.script(name).with_added_extension("pid")
    }

    /// The arguments by which the process behind a pid file is recognised.
    pub(super) fn arguments_file(&self, name: &str) -> PathBuf {
        self.script(name).with_added_extension("args")
    }

    pub(super) fn pod_token(&self, pod: &str) -> PathBuf {
        self.root.join("tokens").join(pod)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_used_by_one_demo_and_emptied_only_if_it_is_ours() {
        let parent = tempfile::tempdir().expect("created");
        let path = parent.path().join("deep/data");
        let folder = Folder::open(&path).expect("made");
        assert!(Folder::open(&path).expect_err("in use").to_string().contains("another conncentric dev"));
        folder.furnish().expect("furnished");
        let remembered = Remembered { venue_port: Some(7), ..Remembered::default() };
        folder.remember(&remembered).expect("kept");
        assert_eq!(folder.remembered().expect("read"), remembered);
        folder.empty().expect("emptied");
        assert_eq!(folder.remembered().expect("nothing left"), Remembered::default());
        drop(folder);
        Folder::open(&path).expect("still ours");

        let refusal = Folder::open(parent.path()).expect_err("not ours").to_string();
        assert!(refusal.contains("holds something else"), "{refusal}");
    }
}
