//! `--at`: as it was then.

use chrono::{DateTime, Utc};
use reqwest::Url;

use crate::cli::table::Times;

/// A moment in the past. What it means is for the server to say, so a bad one is refused like anything else by it.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct AtArgs {
    /// As it was at this time or position of the log, for example 2026-01-31T12:00:00Z or 1200
    #[arg(long, env = "CONNCENTRIC_AT", value_name = "TIME|POSITION", allow_hyphen_values = true)]
    pub(super) at: Option<String>,
}

impl AtArgs {
    /// How times are shown in a list that was answered then.
    pub(super) fn times(&self, answered_at: Option<DateTime<Utc>>) -> Times {
        if self.at.is_some() { Times::Full } else { Times::Ages(answered_at) }
    }

    /// A path with the moment as its query, if one is given.
    pub(super) fn path(&self, path: &str) -> anyhow::Result<String> {
        let Some(at) = &self.at else { return Ok(path.to_owned()) };
        // Only the path and the query of this URL are used; it is what encodes them.
        let url = Url::parse_with_params(&format!("http://orchestrator{path}"), [("at", at)])?;
        Ok(format!("{}?{}", url.path(), url.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_encoded() {
        let path = |at: Option<&str>| AtArgs { at: at.map(str::to_owned) }.path("/v1/sessions/venue-a/0").expect("a path");
        assert_eq!(path(None), "/v1/sessions/venue-a/0");
        assert_eq!(path(Some("12")), "/v1/sessions/venue-a/0?at=12");
        assert_eq!(path(Some("2026-01-31T12:00:00+01:00")), "/v1/sessions/venue-a/0?at=2026-01-31T12%3A00%3A00%2B01%3A00");
    }
}
