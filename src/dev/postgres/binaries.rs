//! Where PostgreSQL's server programs are on this machine.
//!
//! `scripts/find-postgres` looks in the same places in the same order, before there is a binary of ours to ask; a test
//! compares the two.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The oldest major version that Conncentric works with.
pub(super) const OLDEST: u16 = 15;

/// What a folder must hold to be of use. Distributions put clients alone into `PATH`, so `psql` proves nothing.
const PROGRAMS: [&str; 3] = ["postgres", "initdb", "pg_ctl"];

/// Folders of packagers: parent, beginning of the name that varies with the version, and the rest of the path.
const USUAL: [(&str, &str, &str); 10] = [
    ("/usr/lib/postgresql", "", "bin"),                          // Debian, Ubuntu
    ("/usr", "pgsql-", "bin"),                                   // Red Hat, with packages of the PostgreSQL project
    ("/usr/lib", "postgresql", "bin"),                           // SUSE
    ("/usr/libexec", "postgresql", ""),                          // Alpine
    ("/opt/homebrew/opt", "postgresql", "bin"),                  // Homebrew on Apple silicon
    ("/usr/local/opt", "postgresql", "bin"),                     // Homebrew on Intel
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),     // Homebrew on Linux
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"), // Postgres.app
    ("/opt/local/lib", "postgresql", "bin"),                     // MacPorts
    ("/usr/local", "pgsql", "bin"),                              // built from source
];

/// A version of PostgreSQL, such as 15.4. Pre-releases count as minor version 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u16,
    pub minor: u16,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// No usable PostgreSQL, in words for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    #[error("PG_BIN_DIR is {}, but {problem}; name a folder with postgres, initdb and pg_ctl of PostgreSQL {OLDEST} or newer", .directory.display())]
    Named { directory: PathBuf, problem: String },
    #[error(
        "the server programs of PostgreSQL {wanted} were found neither in PATH nor in the usual folders{}; \
         install them (for example with scripts/setup), or name their folder in PG_BIN_DIR",
        .best.map(|version| format!(" (there is {version})")).unwrap_or_default()
    )]
    Nowhere { wanted: String, best: Option<Version> },
}

/// A folder with the server programs of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    directory: PathBuf,
    version: Version,
}

impl Binaries {
    /// The newest of the first source that has any: `PG_BIN_DIR`, `PATH`, the usual folders.
    ///
    /// # Errors
    /// Says where it looked, and what is wrong with `PG_BIN_DIR` if that is set.
    pub fn find() -> Result<Self, NotFound> {
        Search::of_this_machine().find(None)
    }

    /// The same for one major version: a data folder can be run by no other.
    ///
    /// # Errors
    /// As [`Binaries::find`].
    pub fn find_major(major: u16) -> Result<Self, NotFound> {
        Search::of_this_machine().find(Some(major))
    }

    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// One of PostgreSQL's programs. A folder on the PATH may hold links to some of them only; the others are where those lead.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        let here = self.directory.join(name);
        let home = || Some(self.directory.join("postgres").canonicalize().ok()?.parent()?.join(name));
        if here.is_file() { here } else { home().unwrap_or(here) }
    }

    /// Looks into one folder, and runs `postgres --version` there.
    fn at(directory: &Path) -> Result<Self, String> {
        if let Some(missing) = PROGRAMS.iter().find(|name| !directory.join(name).is_file()) {
            return Err(format!("there is no {missing} in it"));
        }
        let output = Command::new(directory.join("postgres")).arg("--version").stdin(Stdio::null()).output();
        let text = output.map_err(|e| format!("its postgres does not run: {e}"))?.stdout;
        let version = version_in(&String::from_utf8_lossy(&text)).ok_or("its postgres does not tell its version")?;
        Ok(Self { directory: directory.to_owned(), version })
    }
}

/// Reads `postgres (PostgreSQL) 15.4 (Debian 15.4-1)` and `postgres (PostgreSQL) 18beta1`.
fn version_in(text: &str) -> Option<Version> {
    let number = text.split_once("(PostgreSQL) ")?.1.split_whitespace().next()?;
    let leading = |part: &str| part.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok());
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    Some(Version { major: leading(major)?, minor: leading(minor).unwrap_or(0) })
}

/// Where to look. Apart from the machine, so that it can be tested.
#[derive(Debug)]
struct Search {
    named: Option<PathBuf>,
    path: Vec<PathBuf>,
    usual: Vec<PathBuf>,
}

impl Search {
    fn of_this_machine() -> Self {
        let named = std::env::var_os("PG_BIN_DIR").filter(|name| !name.is_empty()).map(PathBuf::from);
        let path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
        let usual = USUAL.iter().flat_map(|(parent, prefix, rest)| expand(Path::new(parent), prefix, rest)).collect();
        Self { named, path, usual }
    }

    fn find(&self, major: Option<u16>) -> Result<Binaries, NotFound> {
        let fits = |found: &Binaries| major.map_or(found.version.major >= OLDEST, |major| found.version.major == major);
        let wanted = major.map_or_else(|| format!("{OLDEST} or newer"), |major| major.to_string());
        if let Some(directory) = &self.named {
            let refuse = |problem| NotFound::Named { directory: directory.clone(), problem };
            let found = Binaries::at(directory).map_err(refuse)?;
            return if fits(&found) {
                Ok(found)
            } else {
                Err(refuse(format!("PostgreSQL {} is in it and {wanted} is needed", found.version)))
            };
        }
        let mut best = None;
        for source in [&self.path, &self.usual] {
            let all: Vec<_> = source.iter().filter_map(|directory| Binaries::at(directory).ok()).collect();
            // The first of equals, as a shell would choose in PATH: `max_by_key` alone takes the last.
            if let Some(found) = all.iter().rev().filter(|found| fits(found)).max_by_key(|found| found.version) {
                return Ok(found.clone());
            }
            best = best.max(all.iter().map(|found| found.version).max());
        }
        Err(NotFound::Nowhere { wanted, best })
    }
}

/// The folders `parent/prefix*/rest`.
fn expand(parent: &Path, prefix: &str, rest: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let matching = entries.filter(|entry| starts_with(&entry.file_name(), prefix));
    let mut folders: Vec<_> = matching.map(|entry| if rest.is_empty() { entry.path() } else { entry.path().join(rest) }).collect();
    folders.sort();
    folders
}

fn starts_with(name: &OsStr, prefix: &str) -> bool {
    name.as_encoded_bytes().starts_with(prefix.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A folder with programs that do nothing but tell a version.
    fn installed(root: &Path, name: &str, version: &str, programs: &[&str]) -> PathBuf {
        let directory = root.join(name);
        std::fs::create_dir_all(&directory).expect("created");
        for program in programs {
            let file = directory.join(program);
            std::fs::write(&file, format!("#!/bin/sh\necho '{program} (PostgreSQL) {version}'\n")).expect("written");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("executable");
        }
        directory
    }

    #[test]
    fn versions_are_read_as_distributions_write_them() {
        let version = |text: &str| version_in(text).map(|v| (v.major, v.minor));
        assert_eq!(version("postgres (PostgreSQL) 15.4 (Debian 15.4-1.pgdg120+1)\n"), Some((15, 4)));
        assert_eq!(version("postgres (PostgreSQL) 18beta1"), Some((18, 0)));
        assert_eq!(version("postgres (PostgreSQL) 17devel"), Some((17, 0)));
        assert_eq!(version("psql: command not found"), None);
    }

    #[test]
    fn clients_alone_and_old_servers_are_passed_over() {
        let root = tempfile::tempdir().expect("created");
        let clients = installed(root.path(), "clients", "17.0", &["psql", "pg_ctl"]);
        let old = installed(root.path(), "old", "14.9", &PROGRAMS);
        let a = installed(root.path(), "15", "15.4", &PROGRAMS);
        let b = installed(root.path(), "16", "16.1", &PROGRAMS);
        let search = Search { named: None, path: vec![clients, old.clone()], usual: vec![a.clone(), b.clone()] };
        assert_eq!(search.find(None).expect("found").directory(), b, "the newest of the first source that has one");
        assert_eq!(search.find(Some(15)).expect("found").directory(), a);
        let none = Search { usual: vec![], ..search };
        let message = none.find(None).expect_err("too old").to_string();
        assert!(message.contains("there is 14.9") && message.contains("PG_BIN_DIR"), "{message}");
    }

    #[test]
    fn a_folder_that_was_named_is_used_or_refused_but_never_replaced() {
        let root = tempfile::tempdir().expect("created");
        let good = installed(root.path(), "16", "16.1", &PROGRAMS);
        let old = installed(root.path(), "13", "13.1", &PROGRAMS);
        let search = Search { named: Some(old), path: vec![good.clone()], usual: vec![] };
        let message = search.find(None).expect_err("too old").to_string();
        assert!(message.contains("PostgreSQL 13.1 is in it"), "{message}");
        let search = Search { named: Some(root.path().join("none")), ..search };
        assert!(search.find(None).expect_err("missing").to_string().contains("there is no postgres in it"));
        let search = Search { named: Some(good.clone()), ..search };
        assert_eq!(search.find(None).expect("named").directory(), good);
    }
}
