//! What a program prints: its status and log entries as lines of JSON, and whatever else it says.

use std::time::Duration;

use serde::Deserialize;
use tokio::io::AsyncRead;
use tokio::time::{Instant, sleep_until};

use super::actions::{AnswerLine, UnderWay};
use crate::connector::context::SessionContext;
use crate::connector::lines::Lines;
use crate::domain::entry::{Category, Level};

const MAX_LINE: usize = 64 * 1024;

/// A program that reports no status is `ACTIVE` once it has run for this long.
const PRESUMED_ACTIVE: Duration = Duration::from_secs(1);

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Line {
    Status(StatusLine),
    Log { log: LogLine },
    Action { action: AnswerLine },
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "status", rename_all = "UPPERCASE")]
enum StatusLine {
    Active,
    Error {
        #[serde(default = "unexplained")]
        reason: String,
    },
}

fn unexplained() -> String {
    "the program reports an error without a reason".into()
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct LogLine {
    #[serde(default = "info")]
    level: Level,
    #[serde(default = "system")]
    category: Category,
    message: String,
}

fn info() -> Level {
    Level::Info
}

fn system() -> Category {
    Category::System
}

/// Follows both streams until they end. Leaves the last line of standard error in `last_words`.
pub(super) async fn follow(
    session: &SessionContext,
    under_way: &UnderWay,
    stdout: impl AsyncRead + Unpin,
    stderr: impl AsyncRead + Unpin,
    last_words: &mut String,
) {
    tokio::join!(follow_stdout(session, under_way, stdout), follow_stderr(session, stderr, last_words));
}

async fn follow_stdout(session: &SessionContext, under_way: &UnderWay, stdout: impl AsyncRead + Unpin) {
    let mut lines = Lines::new(stdout, MAX_LINE);
    let presumed_active = Instant::now() + PRESUMED_ACTIVE;
    let mut silent = true;
    loop {
        let line = tokio::select! {
            line = lines.next() => line,
            () = sleep_until(presumed_active), if silent => {
                silent = false;
                session.active();
                continue;
            }
        };
        let Ok(Some(line)) = line else { return };
        match serde_json::from_str(&line) {
            Ok(Line::Status(StatusLine::Active)) => session.active(),
            Ok(Line::Status(StatusLine::Error { reason })) => session.error(reason),
            Ok(Line::Log { log }) => {
                session.log(log.level, log.category, &log.message);
                continue;
            }
            Ok(Line::Action { action }) => {
                under_way.answer(action);
                continue;
            }
            Err(_) => {
                tracing::debug!(session = %session.facts.session, "{}", session.facts.secrets.hide(&line));
                continue;
            }
        }
        silent = false;
    }
}

async fn follow_stderr(session: &SessionContext, stderr: impl AsyncRead + Unpin, last_words: &mut String) {
    let mut lines = Lines::new(stderr, MAX_LINE);
    while let Ok(Some(line)) = lines.next().await {
        let line = session.facts.secrets.hide(&line).into_owned();
        tracing::info!(session = %session.facts.session, "{line}");
        if !line.trim().is_empty() {
            *last_words = line;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_what_the_contract_says() {
        let read = |text| serde_json::from_str::<Line>(text).ok();
        assert_eq!(read(r#"{"status":"ACTIVE"}"#), Some(Line::Status(StatusLine::Active)));
        assert_eq!(read(r#"{"status":"ERROR","reason":"no route"}"#), Some(Line::Status(StatusLine::Error { reason: "no route".into() })));
        let log = LogLine { level: Level::Warning, category: Category::Connection, message: "slow".into() };
        assert_eq!(read(r#"{"log":{"level":"warning","category":"connection","message":"slow"}}"#), Some(Line::Log { log }));
        for other in ["", "hello", "{}", "7", r#"{"status":"CLAIMING"}"#] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
