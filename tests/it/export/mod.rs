//! The ledger as files: written, checked, found out when somebody has been at them, and read back into a database.

mod check;
mod import;

use std::path::{Path, PathBuf};
use std::process::Output;

use conncentric::audit::export::{Ledger, Problem, check_file};
use ed25519_dalek::{SigningKey, VerifyingKey};
use tempfile::TempDir;

use crate::support::postgres::Database;
use crate::support::process::command;
use crate::support::wait::SOON;
use crate::support::walk::Walk;

/// A database with a history, and a folder for its files.
struct Fixture {
    database: Database,
    walk: Walk,
    folder: TempDir,
}

impl Fixture {
    async fn begin(name: &str) -> Self {
        let database = Database::create(name).await;
        let mut walk = Walk::begin(&database).await;
        for _ in 0..60 {
            let command = walk.any_command();
            walk.command(&command).await;
        }
        Self { database, walk, folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs `conncentric ARGUMENTS…` with this database.
    async fn run(&self, arguments: &[&str]) -> Output {
        run_on(&self.database, arguments).await
    }

    async fn export(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let path = self.path(name);
        let output = self.run(&[&["export", "--output", &path.display().to_string()], arguments].concat()).await;
        assert!(output.status.success(), "{}", stderr(&output));
        path
    }

    /// A key as openssl writes it: PKCS#8 and SubjectPublicKeyInfo in PEM.
    fn key(&self, seed: u8) -> Key {
        let signing = SigningKey::from_bytes(&[seed; 32]);
        let trusted = signing.verifying_key();
        let file = |name: String, label: &str, prefix: &str, bytes: &[u8]| {
            let der = [data_encoding::HEXLOWER.decode(prefix.as_bytes()).expect("hex"), bytes.to_vec()].concat();
            let text = data_encoding::BASE64.encode(&der);
            std::fs::write(self.path(&name), format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")).expect("written");
            self.path(&name).display().to_string()
        };
        Key {
            private: file(format!("{seed}.key"), "PRIVATE KEY", "302e020100300506032b657004220420", &[seed; 32]),
            public: file(format!("{seed}.pub"), "PUBLIC KEY", "302a300506032b6570032100", trusted.as_bytes()),
            trusted,
        }
    }
}

struct Key {
    private: String,
    public: String,
    trusted: VerifyingKey,
}

/// Not blocking, because connections of this process must be able to close meanwhile.
async fn run_on(database: &Database, arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::from(command());
    let output = command.args(arguments).env("DATABASE_URL", &database.url).kill_on_drop(true).output();
    tokio::time::timeout(SOON, output).await.unwrap_or_else(|_| panic!("{arguments:?} does not end")).expect("runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn read(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).expect("the file").lines().map(str::to_owned).collect()
}

fn write(path: &Path, lines: &[String]) {
    std::fs::write(path, lines.join("\n") + "\n").expect("written");
}

fn check(path: &Path) -> Result<Ledger, Problem> {
    check_file(&[path.to_owned()], None)
}
