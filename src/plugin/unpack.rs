//! Unpacks a package on a pod, once, into a folder that nobody writes to.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::manifest::Manifest;
use super::read::{InvalidPackage, read};

/// Why a package cannot be used on this machine.
#[derive(Debug, thiserror::Error)]
pub enum UnpackProblem {
    #[error(transparent)]
    Invalid(#[from] InvalidPackage),
    #[error("the folder {} cannot be used: {error}", .folder.display())]
    Disk { folder: PathBuf, error: io::Error },
}

/// The folder of a package below `parent`, called `name`: the one that is there, if every file in it is as the package has it,
/// and a new one otherwise. A folder appears whole or not at all, so several pods may share them; one that is wrong is put aside.
pub fn unpack(package: &Path, parent: &Path, name: &str) -> Result<(Manifest, PathBuf), UnpackProblem> {
    let disk = |error| UnpackProblem::Disk { folder: parent.to_owned(), error };
    let target = parent.join(name);
    if let Some(manifest) = compare(package, &target)? {
        return Ok((manifest, target));
    }
    fs::create_dir_all(parent).map_err(disk)?;
    let fresh = parent.join(format!(".{}", uuid::Uuid::new_v4()));
    let written = write(package, &fresh);
    if written.is_err() {
        remove(&fresh);
    }
    let manifest = written?;
    if fs::rename(&fresh, &target).is_err() {
        // Something is there: another pod's, just made, or one that is not as it should be.
        if let Some(manifest) = compare(package, &target)? {
            remove(&fresh);
            return Ok((manifest, target));
        }
        let aside = parent.join(format!(".{}", uuid::Uuid::new_v4()));
        fs::rename(&target, &aside).map_err(disk)?;
        remove(&aside);
        fs::rename(&fresh, &target).map_err(disk)?;
    }
    Ok((manifest, target))
}

fn write(package: &Path, folder: &Path) -> Result<Manifest, UnpackProblem> {
    let disk = |error| UnpackProblem::Disk { folder: folder.to_owned(), error };
    fs::create_dir(folder).map_err(disk)?;
    let mut failed = None;
    let manifest = read(File::open(package).map_err(disk)?, |file, content| {
        let mode = if file.executable { 0o555 } else { 0o444 };
        write_file(&folder.join(file.path), mode, content).map_err(|error| {
            let words = error.to_string();
            failed = Some(error);
            InvalidPackage::new(file.path.display().to_string(), words)
        })
    });
    match (manifest, failed) {
        (_, Some(error)) => Err(disk(error)),
        (manifest, None) => Ok(manifest?),
    }
}

fn write_file(path: &Path, mode: u32, content: &mut dyn Read) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    io::copy(content, &mut file)?;
    file.flush()?;
    file.set_permissions(Permissions::from_mode(mode))
}

/// Whether every file of the package is in the folder as it is in the package. Nothing if it is not.
fn compare(package: &Path, folder: &Path) -> Result<Option<Manifest>, UnpackProblem> {
    if !folder.is_dir() {
        return Ok(None);
    }
    let disk = |error| UnpackProblem::Disk { folder: folder.to_owned(), error };
    let mut same = true;
    let manifest = read(File::open(package).map_err(disk)?, |file, content| {
        same = same && is_same(&folder.join(file.path), file.executable, content).unwrap_or(false);
        Ok(())
    })?;
    Ok(same.then_some(manifest))
}

fn is_same(path: &Path, executable: bool, content: &mut dyn Read) -> io::Result<bool> {
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_file() || executable != (metadata.permissions().mode() & 0o111 != 0) {
        return Ok(false);
    }
    let (mut file, mut ours, mut theirs) = (File::open(path)?, vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        let wanted = fill(content, &mut theirs)?;
        let found = fill(&mut file, &mut ours)?;
        if ours.get(..found) != theirs.get(..wanted) {
            return Ok(false);
        }
        if found == 0 {
            return Ok(true);
        }
    }
}

/// Reads until the buffer is full or nothing is left.
fn fill(source: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match source.read(rest)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

/// Leftovers cost disk and nothing else.
fn remove(folder: &Path) {
    let _ = fs::remove_dir_all(folder);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::pack::pack;

    fn packed(folder: &Path) -> PathBuf {
        let source = folder.join("source");
        fs::create_dir_all(source.join("bin")).expect("made");
        let manifest = "name: feed\nversion: 1.0.0\nconnector: feed\nplatforms: { any: bin/feed }\nlicence: MIT\n";
        fs::write(source.join("plugin.yaml"), manifest).expect("written");
        fs::write(source.join("bin/feed"), "#!/bin/sh\n").expect("written");
        fs::set_permissions(source.join("bin/feed"), Permissions::from_mode(0o755)).expect("set");
        let (_, package) = pack(&source).expect("a package");
        assert_eq!(package, pack(&source).expect("a package").1, "the same each time");
        fs::write(folder.join("package"), package).expect("written");
        folder.join("package")
    }

    #[test]
    fn a_package_is_unpacked_once_and_what_was_changed_is_mended() {
        let folder = tempfile::tempdir().expect("a folder");
        let (package, parent) = (packed(folder.path()), folder.path().join("plugins"));
        let (manifest, path) = unpack(&package, &parent, "x").expect("unpacked");
        assert_eq!(manifest.name.as_str(), "feed");
        let program = path.join("bin/feed");
        assert_eq!(fs::metadata(&program).expect("a file").permissions().mode() & 0o777, 0o555);
        let made = fs::metadata(&program).expect("a file").modified().expect("a time");
        unpack(&package, &parent, "x").expect("it is there");
        assert_eq!(fs::metadata(&program).expect("a file").modified().expect("a time"), made, "not in place twice");

        fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("set");
        fs::write(&program, "#!/bin/sh\nrm").expect("written");
        unpack(&package, &parent, "x").expect("unpacked anew");
        assert_eq!(fs::read_to_string(&program).expect("a file"), "#!/bin/sh\n");
        assert_eq!(fs::read_dir(&parent).expect("the folder").count(), 1, "nothing is left over");
    }
}
