//! What a database can be relied on for: the facts that [`crate::log::survey`] finds, judged for people.
//!
//! Absent on purpose: SQL, and anything that writes.

mod durability;
mod judge;

use serde::Serialize;

use crate::log::survey;
use crate::time::wall_clock;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Ok,
    Warning,
    /// Conncentric cannot run on it, or would break its promises.
    Error,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: &'static str,
    pub level: Level,
    /// What is the case.
    pub found: String,
    /// What it means, and what to do.
    pub meaning: String,
}

impl Finding {
    fn new(check: &'static str, level: Level, found: impl Into<String>, meaning: impl Into<String>) -> Self {
        Self { check, level, found: found.into(), meaning: meaning.into() }
    }
}

/// Looks at a database and says what it found. A database that cannot be reached is a finding, too.
pub async fn examine(database_url: &str) -> Vec<Finding> {
    match survey(database_url).await {
        Ok(survey) => {
            // The answer was written half a round trip before it came.
            let here = wall_clock() - survey.clock.taken.elapsed() - survey.clock.round_trip / 2;
            judge::judge(&survey, survey.clock.now - here)
        }
        Err(error) => {
            vec![Finding::new("connection", Level::Error, error.to_string(), "Nothing else can be looked at before this is mended.")]
        }
    }
}
