//! Makes a package of a folder. The same files make the same package, byte for byte.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use tar::{Builder, Header};

use super::manifest::Manifest;
use super::read::{InvalidPackage, read};

/// Why a folder makes no package.
#[derive(Debug, thiserror::Error)]
pub enum PackProblem {
    #[error("cannot read {}: {error}", .path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{}: neither a file nor a folder; a package holds no links", .0.display())]
    Unusual(PathBuf),
    #[error("the package would be refused: {0}")]
    Invalid(#[from] InvalidPackage),
}

/// The package of a folder, which is let in by whoever reads it.
pub fn pack(folder: &Path) -> Result<(Manifest, Vec<u8>), PackProblem> {
    let mut archive = Builder::new(Vec::new());
    add(&mut archive, folder, Path::new(""))?;
    let unreadable = |error| PackProblem::Unreadable { path: folder.to_owned(), error };
    let package = compress_to_vec(archive.into_inner().map_err(unreadable)?.as_slice(), CompressionLevel::Fastest);
    let manifest = read(package.as_slice(), |_, _| Ok(()))?;
    Ok((manifest, package))
}

/// Adds what is in a folder, by name. Owners and times are left out, because they say nothing of the plugin.
fn add(archive: &mut Builder<Vec<u8>>, top: &Path, below: &Path) -> Result<(), PackProblem> {
    let here = top.join(below);
    let unreadable = |path: &Path, error| PackProblem::Unreadable { path: path.to_owned(), error };
    let entries = fs::read_dir(&here).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(|error| unreadable(&here, error))?;
    let mut names: Vec<_> = entries.into_iter().map(|entry| entry.file_name()).collect();
    names.sort();
    for name in names {
        let (path, inside) = (here.join(&name), below.join(&name));
        let metadata = fs::symlink_metadata(&path).map_err(|error| unreadable(&path, error))?;
        if metadata.is_dir() {
            add(archive, top, &inside)?;
        } else if metadata.is_file() {
            let data = fs::read(&path).map_err(|error| unreadable(&path, error))?;
            let mut header = Header::new_ustar();
            header.set_mode(if metadata.permissions().mode() & 0o111 == 0 { 0o644 } else { 0o755 });
            header.set_size(data.len() as u64);
            archive.append_data(&mut header, &inside, data.as_slice()).map_err(|error| unreadable(&path, error))?;
        } else {
            return Err(PackProblem::Unusual(path));
        }
    }
    Ok(())
}
