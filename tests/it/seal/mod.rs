//! Old ledger events leave the table for archive files and come back: nothing is lost on the way, and the system runs on meanwhile.

mod crash;
mod files;
mod goes_on;

use std::path::{Path, PathBuf};
use std::process::Output;

use conncentric::domain::evolve::evolve;
use conncentric::domain::token::Position;
use conncentric::log::{Entry, read_tail, sql};
use serde_json::Value;
use tempfile::TempDir;
use tokio_postgres::Client;

use crate::support::postgres::Database;
use crate::support::process::command;
use crate::support::wait::SOON;
use crate::support::walk::Walk;

/// A database with a random history, and a folder for its archives.
struct Fixture {
    database: Database,
    walk: Walk,
    owner: Client,
    folder: TempDir,
}

impl Fixture {
    async fn begin(name: &str) -> Self {
        let database = Database::create(name).await;
        let walk = Walk::begin(&database).await;
        let owner = database.connect().await;
        let mut this = Self { database, walk, owner, folder: tempfile::tempdir().expect("a folder") };
        this.walk(80).await;
        this
    }

    async fn walk(&mut self, steps: u32) {
        for _ in 0..steps {
            let command = self.walk.any_command();
            self.walk.command(&command).await;
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command on files of the folder that ought to succeed, and gives what it prints.
    async fn succeed(&self, arguments: &[&str], files: &[&str]) -> String {
        succeed(&self.database.url, arguments, &self.paths(files)).await
    }

    /// The same for one that ought to be refused.
    async fn fail(&self, arguments: &[&str], files: &[&str]) -> String {
        fail(&self.database.url, arguments, &self.paths(files)).await
    }

    fn paths(&self, files: &[&str]) -> Vec<String> {
        files.iter().map(|file| self.path(file).display().to_string()).collect()
    }

    /// Seals everything before a position, however young, and tells the walk.
    async fn seal(&mut self, before: Position, file: &str) -> String {
        let said = self.succeed(&["seal", "--keep", "0s", "--before", &before.to_string(), "--archive"], &[file]).await;
        self.catch_up().await;
        said
    }

    /// Folds what commands have appended.
    async fn catch_up(&mut self) {
        let statement = self.walk.connection.statement(sql::READ_TAIL).await.expect("prepares");
        let after = self.walk.fleet.ledger_position();
        for entry in read_tail(&self.walk.connection, &statement, after, 1000).await.expect("reads") {
            if let Entry::Ledger(recorded) = entry {
                self.walk.fleet = evolve(self.walk.fleet.clone(), &recorded).expect("folds");
            }
        }
    }

    fn head(&self) -> Position {
        self.walk.fleet.ledger_position()
    }

    async fn ledger_count(&self) -> i64 {
        self.owner.query_one("select count(*) from event where not pulse", &[]).await.expect("counts").get(0)
    }

    async fn first_in_the_table(&self) -> Position {
        self.owner.query_one("select min(position) from event where not pulse", &[]).await.expect("reads").get(0)
    }
}

/// Not blocking, because connections of this process must be able to close meanwhile.
async fn run(url: &str, arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::from(command());
    let output = command.args(arguments).env("DATABASE_URL", url).kill_on_drop(true).output();
    tokio::time::timeout(SOON, output).await.unwrap_or_else(|_| panic!("{arguments:?} does not end")).expect("runs")
}

async fn succeed(url: &str, arguments: &[&str], files: &[String]) -> String {
    let all: Vec<&str> = arguments.iter().copied().chain(files.iter().map(String::as_str)).collect();
    let output = run(url, &all).await;
    assert!(output.status.success(), "{all:?}: {}", stderr(&output));
    String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output)
}

async fn fail(url: &str, arguments: &[&str], files: &[String]) -> String {
    let all: Vec<&str> = arguments.iter().copied().chain(files.iter().map(String::as_str)).collect();
    let output = run(url, &all).await;
    assert_eq!(output.status.code(), Some(1), "{all:?}: {}{}", String::from_utf8_lossy(&output.stdout), stderr(&output));
    stderr(&output)
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Every table of the projections but the list of archives, as text.
async fn projections(owner: &Client) -> Vec<(String, String)> {
    let list = "select tablename::text from pg_tables where schemaname = 'projection' and tablename <> 'ledger_archive' order by 1";
    let mut found = Vec::new();
    for table in owner.query(list, &[]).await.expect("lists") {
        let table: String = table.get(0);
        let rows = format!("select coalesce(string_agg(t::text, e'\\n' order by t::text), '') from projection.{table} t");
        found.push((table, owner.query_one(&rows, &[]).await.expect("reads").get(0)));
    }
    assert!(found.len() > 5);
    found
}

/// How a step of a verification ended.
fn outcome(report: &Value, step: &str) -> String {
    let steps = report["steps"].as_array().expect("steps");
    let found = steps.iter().find(|found| found["step"] == step).unwrap_or_else(|| panic!("no step {step}: {report}"));
    found["outcome"].as_str().expect("an outcome").to_owned()
}

/// Changes one byte of a file, and gives the line that it is in, counted from 1.
fn damage(file: &Path, at: usize) -> usize {
    let mut bytes = std::fs::read(file).expect("the file");
    bytes[at] ^= 1;
    std::fs::write(file, &bytes).expect("written");
    bytes[..at].split(|byte| *byte == b'\n').count()
}
