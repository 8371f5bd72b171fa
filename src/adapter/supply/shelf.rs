//! Plugins on the pod's disk, unpacked, each in a folder that is called by its hash. Pods may share them.
//!
//! The shelf is bounded. What was taken down longest ago goes first, and never what some pod has in its hands: whoever does holds a
//! lock on the folder, which the system ends with the process, however that ends.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{FlockOperation, flock};
use uuid::Uuid;

use super::cache::touch;
use crate::plugin::manifest::Manifest;
use crate::plugin::unpack::{UnpackProblem, unpack};

/// Most bytes that are kept, but for what is in use.
const MOST: u64 = 1 << 30;

/// How often a folder may go from under us before we give up. Each time is a pod that made room in that very moment.
const TRIES: usize = 5;

/// An unpacked plugin. Its folder stays as long as this does.
#[derive(Debug)]
pub(super) struct Unpacked {
    pub manifest: Manifest,
    pub folder: PathBuf,
    /// Shared by all who use it.
    _lock: File,
}

#[derive(Debug, Clone)]
pub(super) struct Shelf {
    folder: PathBuf,
    most: u64,
}

impl Shelf {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, most: MOST }
    }

    /// The content of a package, unpacked anew or found as the package has it. Blocks.
    ///
    /// # Errors
    /// Fails if the package is wrong or the folder cannot be used.
    pub(super) fn take(&self, package: &Path, name: &str) -> Result<Unpacked, UnpackProblem> {
        for _ in 0..TRIES {
            let (manifest, folder) = unpack(package, &self.folder, name)?;
            if let Some(lock) = hold(&folder) {
                touch(&folder);
                self.make_room();
                return Ok(Unpacked { manifest, folder, _lock: lock });
            }
        }
        let error = io::Error::other("other pods remove from it whatever is put there");
        Err(UnpackProblem::Disk { folder: self.folder.clone(), error })
    }

    /// Removes what was taken down longest ago and nobody uses, until the rest is small enough. What cannot be removed costs disk and
    /// nothing else.
    fn make_room(&self) {
        let mut kept: Vec<(SystemTime, u64, PathBuf)> =
            entries(&self.folder).filter_map(|path| Some((used(&path)?, size(&path), path))).collect();
        kept.sort();
        let mut total: u64 = kept.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in kept {
            if total <= self.most {
                break;
            }
            if remove(&path).unwrap_or(false) {
                tracing::info!("{} made room for other plugins", path.display());
                total -= size;
            }
        }
    }
}

/// A lock on a folder that is still where it was; nothing if somebody has put it aside meanwhile.
fn hold(folder: &Path) -> Option<File> {
    let opened = File::open(folder).ok()?;
    flock(&opened, FlockOperation::LockShared).ok()?;
    let (ours, there) = (opened.metadata().ok()?, fs::metadata(folder).ok()?);
    ((ours.dev(), ours.ino()) == (there.dev(), there.ino())).then_some(opened)
}

/// Removes a folder, unless somebody uses it.
fn remove(folder: &Path) -> io::Result<bool> {
    let opened = File::open(folder)?;
    if flock(&opened, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Ok(false);
    }
    // Under another name first: who comes now finds all of it or nothing.
    let aside = folder.with_file_name(format!(".{}", Uuid::new_v4()));
    fs::rename(folder, &aside)?;
    fs::remove_dir_all(&aside)?;
    Ok(true)
}

/// What lies in a folder, without what is being made there.
fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    entries.filter(|path| path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b".")))
}

fn used(folder: &Path) -> Option<SystemTime> {
    fs::metadata(folder).and_then(|metadata| metadata.modified()).ok()
}

/// Bytes of all files below a folder. A package has two thousand of them at most.
fn size(path: &Path) -> u64 {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            fs::read_dir(path).into_iter().flatten().filter_map(|entry| Some(size(&entry.ok()?.path()))).sum()
        }
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::pack::pack;

    /// A package with a file of so many bytes, in a file of its own.
    fn package(folder: &Path, bytes: usize) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;

        let source = folder.join(format!("source-{bytes}"));
        fs::create_dir_all(&source).expect("made");
        let manifest = "name: feed\nversion: 1.0.0\nconnector: feed\nplatforms: { any: feed }\nlicence: MIT\n";
        fs::write(source.join("plugin.yaml"), manifest).expect("written");
        fs::write(source.join("feed"), vec![b'x'; bytes]).expect("written");
        fs::set_permissions(source.join("feed"), fs::Permissions::from_mode(0o755)).expect("set");
        let path = folder.join(format!("package-{bytes}"));
        fs::write(&path, pack(&source).expect("a package").1).expect("written");
        path
    }

    fn kept(shelf: &Shelf) -> Vec<String> {
        let mut kept: Vec<String> = entries(&shelf.folder).map(|path| path.file_name().expect("a name").display().to_string()).collect();
        kept.sort();
        kept
    }

    #[test]
    fn what_nobody_uses_makes_room_and_what_somebody_uses_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let shelf = Shelf { folder: folder.path().join("plugins"), most: 500 };
        let packages = [300, 301, 302].map(|bytes| package(folder.path(), bytes));
        let first = shelf.take(&packages[0], "first").expect("unpacked");
        drop(shelf.take(&packages[1], "second").expect("unpacked"));
        assert_eq!(kept(&shelf), ["first", "second"], "the older one is in use, the newer one was until now");
        let third = shelf.take(&packages[2], "third").expect("unpacked");
        assert_eq!(kept(&shelf), ["first", "third"], "used more recently than the first, but by nobody any more");
        drop((first, third));
        let again = shelf.take(&packages[1], "second").expect("unpacked anew");
        assert_eq!(kept(&shelf), ["second"]);
        assert!(again.folder.join("feed").is_file());
        assert_eq!(fs::read_dir(&shelf.folder).expect("the folder").count(), 1, "nothing is left over");
    }

    #[test]
    fn a_folder_that_was_put_aside_is_not_held() {
        let folder = tempfile::tempdir().expect("a folder");
        let (here, aside) = (folder.path().join("x"), folder.path().join(".x"));
        fs::create_dir(&here).expect("made");
        assert!(hold(&here).is_some());
        fs::rename(&here, &aside).expect("put aside");
        assert!(hold(&here).is_none());
        let held = hold(&aside).expect("held");
        assert!(!remove(&aside).expect("tried"), "somebody holds it");
        drop(held);
        assert!(remove(&aside).expect("tried"));
    }
}
