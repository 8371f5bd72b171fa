//! Reads a package as it comes: a tar archive under Zstandard, from somebody who may mean harm.
//!
//! Only files and folders, only below the top, and bounded: the number of files, the bytes that come out, how many come out of each that
//! went in, and the memory that it takes. The decoder is written in Rust, so a package that is wrong is an error and nothing worse.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Component, Path};
use std::rc::Rc;

use ruzstd::decoding::StreamingDecoder;
use tar::EntryType;

use super::manifest::{self, Manifest};

/// Most files and folders of a package.
pub const MOST_FILES: usize = 2000;

/// Most bytes of a package once it is unpacked.
pub const MOST_UNPACKED: u64 = 256 << 20;

/// Most bytes that come out for each one that went in, beyond [`FREE`].
const STEEPEST: u64 = 100;

/// So much may come out whatever went in: headers of small files compress well.
const FREE: u64 = 4 << 20;

/// Memory that a package may ask of the decoder. `zstd -19` asks for 8 MiB.
const WINDOW: u64 = 32 << 20;

/// Longest path of a file, in bytes.
const LONGEST_PATH: usize = 200;

/// Why a package is not let in. `place` is the file in it, and the field if it is one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct InvalidPackage {
    pub place: String,
    pub problem: String,
}

impl InvalidPackage {
    pub(super) fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }
}

/// One file of a package.
#[derive(Debug)]
pub struct PackedFile<'a> {
    /// Below the top, checked.
    pub path: &'a Path,
    pub executable: bool,
    pub size: u64,
}

/// Reads a whole package. `visit` gets every file with its content, in the order of the archive; what it leaves unread is skipped.
///
/// # Errors
/// Says what is wrong in which file. What was visited before counts for nothing then.
pub fn read(
    package: impl Read,
    mut visit: impl FnMut(&PackedFile<'_>, &mut dyn Read) -> Result<(), InvalidPackage>,
) -> Result<Manifest, InvalidPackage> {
    let broken = |error: io::Error| InvalidPackage::new("package", error.to_string());
    let taken = Rc::new(Cell::new(0));
    let mut source = Counted { inner: package, taken: Rc::clone(&taken) };
    let decoder = StreamingDecoder::new_with_max_window_size(&mut source, WINDOW);
    let decoder = decoder.map_err(|error| InvalidPackage::new("package", format!("it is not compressed with zstd: {error}")))?;
    let mut archive = tar::Archive::new(Bounded { inner: decoder, taken, given: 0 });
    let mut contents = Contents::default();
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(|error| InvalidPackage::new("package", format!("it is no tar archive, or was cut off: {error}")))?;
        let path = entry.path().map_err(broken)?.into_owned();
        let Some(shown) = contents.enter(&path, entry.header().entry_type())? else { continue };
        let mode = entry.header().mode().map_err(broken)?;
        let file = PackedFile { path: Path::new(&shown), executable: mode & 0o111 != 0, size: entry.size() };
        if shown == manifest::FILE {
            let text = manifest_text(&mut entry)?;
            visit(&file, &mut text.as_bytes())?;
            contents.manifest = Some(Manifest::parse(&text)?);
        } else {
            visit(&file, &mut entry)?;
        }
    }
    // To its very end, so that checksums are looked at and nothing hides behind the archive.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(broken)?;
    if io::copy(&mut source, &mut io::sink()).map_err(broken)? > 0 {
        return Err(InvalidPackage::new("package", "something comes after its end; make it anew with `conncentric plugin pack`"));
    }
    contents.finish()
}

fn manifest_text(entry: &mut impl Read) -> Result<String, InvalidPackage> {
    let mut text = String::new();
    let read = entry.take(manifest::LONGEST + 1).read_to_string(&mut text);
    let length = read.map_err(|error| InvalidPackage::new(manifest::FILE, error.to_string()))?;
    if length as u64 > manifest::LONGEST {
        return Err(InvalidPackage::new(manifest::FILE, "it is longer than 64 KiB"));
    }
    Ok(text)
}

/// What the archive has held so far.
#[derive(Debug, Default)]
struct Contents {
    files: BTreeSet<String>,
    folders: BTreeSet<String>,
    manifest: Option<Manifest>,
}

impl Contents {
    /// The path of a file, written plainly; nothing for a folder.
    fn enter(&mut self, path: &Path, kind: EntryType) -> Result<Option<String>, InvalidPackage> {
        let place: String = path.to_string_lossy().chars().take(LONGEST_PATH).flat_map(char::escape_debug).collect();
        let refuse = |problem: &str| Err(InvalidPackage::new(place.clone(), problem));
        if self.files.len() + self.folders.len() >= MOST_FILES {
            return refuse("the package has more than 2000 files and folders");
        }
        match kind {
            EntryType::Regular | EntryType::Directory => {}
            EntryType::Link | EntryType::Symlink => return refuse("links are not allowed; put the file itself there"),
            _ => return refuse("only files and folders are allowed"),
        }
        let Some(path) = plain(path) else {
            return refuse("a path must stay below the top: no leading '/', no '..', and 200 printable characters at most");
        };
        let is_folder = kind == EntryType::Directory;
        if path.is_empty() {
            return if is_folder { Ok(None) } else { refuse("a file needs a name") };
        }
        let above = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        if above.clone().any(|folder| self.files.contains(folder)) || self.files.contains(&path) {
            return refuse("it is there twice");
        }
        self.folders.extend(above.map(str::to_owned));
        if is_folder {
            self.folders.insert(path);
            return Ok(None);
        }
        if self.folders.contains(&path) {
            return refuse("it is a folder and a file");
        }
        self.files.insert(path.clone());
        Ok(Some(path))
    }

    fn finish(self) -> Result<Manifest, InvalidPackage> {
        let missing = || InvalidPackage::new(manifest::FILE, "it is not at the top of the package; docs/plugins.md shows one");
        let manifest = self.manifest.ok_or_else(missing)?;
        for (platform, entry) in &manifest.facts.platforms {
            if !self.files.contains(entry) {
                let problem = format!("the package has no file {entry}");
                return Err(InvalidPackage::new(format!("{}: platforms.{platform}", manifest::FILE), problem));
            }
        }
        Ok(manifest)
    }
}

/// A path without `.` and such; nothing if it leads out, or if people could not read it.
fn plain(path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    let path = parts.join("/");
    let printable = path.len() <= LONGEST_PATH && !path.chars().any(|c| c.is_control() || c == '\\');
    printable.then_some(path)
}

/// Counts what is taken out of the compressed package.
struct Counted<R> {
    inner: R,
    taken: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.taken.set(self.taken.get() + read as u64);
        Ok(read)
    }
}

/// Ends a package that becomes too large, before it has.
struct Bounded<R> {
    inner: R,
    taken: Rc<Cell<u64>>,
    given: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.given += read as u64;
        if self.given > MOST_UNPACKED {
            return Err(io::Error::other("it has more than 256 MiB once it is unpacked"));
        }
        if self.given > FREE + self.taken.get() * STEEPEST {
            return Err(io::Error::other("it unpacks to more than 100 times its size, which no honest package does"));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
