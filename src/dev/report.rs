//! What the demo says about itself: `dev.json` for programs, and a few lines for people.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::console::Console;
use super::folder::Folder;
use super::part::{self, Part, Stage, quoted};
use super::secret;

/// `dev.json`. Written when the demo is ready, written anew when a part was started again, removed when it stops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Report {
    pub(super) urls: Vec<String>,
    /// Of an administrator.
    pub(super) token: String,
    /// Of the database's owner.
    pub(super) database_url: String,
    pub(super) app_database_url: String,
    pub(super) pids: Pids,
    pub(super) venue: Venue,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Pids {
    /// Nothing if the server was there already.
    pub(super) postgres: Option<i32>,
    pub(super) orchestrators: Vec<i32>,
    pub(super) pods: BTreeMap<String, i32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Venue {
    pub(super) address: String,
    pub(super) journal: String,
    pub(super) pid: i32,
}

impl Report {
    /// Notes the process of a part.
    pub(super) fn note(&mut self, parts: &[Part], name: &str, pid: i32) {
        match Stage::of(name) {
            Stage::Pods => {
                self.pids.pods.insert(name.to_owned(), pid);
            }
            Stage::Venue => self.venue.pid = pid,
            Stage::Orchestrators => {
                let mut orchestrators = parts.iter().filter(|part| Stage::of(&part.name) == Stage::Orchestrators);
                let index = orchestrators.position(|part| part.name == name).unwrap_or(0);
                self.pids.orchestrators.resize(self.pids.orchestrators.len().max(index + 1), 0);
                if let Some(place) = self.pids.orchestrators.get_mut(index) {
                    *place = pid;
                }
            }
        }
    }

    pub(super) fn write(&self, folder: &Folder) -> anyhow::Result<()> {
        secret::keep(&folder.path("dev.json"), &serde_json::to_string_pretty(self)?)
    }

    pub(super) fn remove(folder: &Folder) {
        // It is not there after a first start that failed.
        let _ = std::fs::remove_file(folder.path("dev.json"));
    }

    /// For people: where it is, and what to try.
    pub(super) fn tell(&self, console: &Console, folder: &Folder, program: &Path) {
        let run = |name: &str| shown(&folder.script(name));
        let pid = |name: &str| format!("$(cat {}.pid)", run(name));
        let client = client_command(&self.urls, folder, program);
        let psql = format!(
            "psql {} -c 'select position, recorded_at, type, stream, data from event order by position desc limit 20'",
            quoted(&self.database_url)
        );
        let venue = format!("{}  (every line that was accepted or refused)", shown(Path::new(&self.venue.journal)));
        console.say("");
        for (title, text) in [
            ("Portal", self.urls.first().map(String::as_str).unwrap_or_default()),
            ("Token", &self.token),
            ("Sessions", &format!("{client} get sessions")),
            ("Event table", &psql),
            ("Venue", &venue),
        ] {
            console.say(format!("{}{text}", console.strong(format!("{title:<13}"))));
        }
        console.say("");
        console.say("Try this in another terminal, and look at the sessions:");
        for (what, command) in [
            ("kill a pod", format!("kill -9 {}", pid("pod-1"))),
            ("start it again", run("pod-1")),
            ("pause a pod", format!("kill -STOP {}", pid("pod-2"))),
            ("let it go on", format!("kill -CONT {}", pid("pod-2"))),
            ("hand over", format!("{client} drain pod-3 --wait")),
            ("kill a brain", format!("kill -9 {}; sleep 3; {}", pid("orchestrator-1"), run("orchestrator-1"))),
        ] {
            console.say(format!("  {what:<15}{command}"));
        }
        console.say("");
        console.say("Ctrl-C stops everything; the next start finds it all again.");
    }
}

/// The command line finds the default folder by itself, in the folder where the demo was started.
fn client_command(urls: &[String], folder: &Folder, program: &Path) -> String {
    let found = Path::new(".conncentric").canonicalize().is_ok_and(|default| default == folder.root());
    if found {
        return shown(program);
    }
    format!("{} --server {} --token-file {}", shown(program), urls.join(","), shown(&folder.path("token")))
}

/// A path as one would type it here: from the current folder on if it lies in there, and quoted only if it must be.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok().and_then(|here| path.strip_prefix(here).ok());
    let text = here.filter(|rest| rest.components().count() > 1).unwrap_or(path).display().to_string();
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-+".contains(&b));
    if plain { text } else { quoted(&text) }
}

/// The last lines of a part's log, for people who wonder why it ended.
pub(super) fn last_words(folder: &Folder, name: &str) -> String {
    let text = std::fs::read(folder.log(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let mut lines: Vec<_> = text.lines().rev().take(8).collect();
    lines.reverse();
    format!("the end of {}:\n{}", folder.log(name).display(), lines.join("\n"))
}

/// The process numbers that `dev.json` has for parts that run.
pub(super) fn running(folder: &Folder, name: &str) -> Option<i32> {
    part::running(folder, name).map(|pid| pid.as_raw_nonzero().get())
}
