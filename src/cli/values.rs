//! What the values of flags may look like, where a type of the domain does not say so already.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::Url;

/// An address of the form `http://host:port`.
pub(super) fn http_url(text: &str) -> Result<Url, String> {
    let usage = || format!("\"{}\" is not an address; write for example http://10.0.0.1:8080", text.escape_debug());
    let url = Url::parse(text.trim()).map_err(|_| usage())?;
    // "localhost:8080" parses as a URL of the scheme "localhost".
    if matches!(url.scheme(), "http" | "https") && url.has_host() { Ok(url) } else { Err(usage()) }
}

/// A duration such as `500ms`, `60s` or `2m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| format!("\"{}\" is not a duration; write for example 60s or 2m", text.escape_debug()))
}

/// A point in time with its offset.
pub(super) fn time(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .map_err(|_| format!("\"{}\" is not a time; write for example 2026-01-31T12:00:00Z", text.escape_debug()))
}

/// A label `key=value`.
pub(super) fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) =
        text.split_once('=').ok_or_else(|| format!("\"{}\" is not a label; write for example zone=a", text.escape_debug()))?;
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_scheme_and_a_host() {
        assert!(http_url("https://orchestrator.example:8443").is_ok());
        for bad in ["localhost:8080", "127.0.0.1:8080", "ftp://host", "http://", ""] {
            assert!(http_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn refusals_show_what_would_be_right() {
        assert!(duration("soon").expect_err("refused").contains("60s"));
        assert!(time("yesterday").expect_err("refused").contains("2026-"));
        assert!(label("zone").expect_err("refused").contains("zone=a"));
    }

    #[test]
    fn a_label_may_have_an_equals_sign_in_its_value() {
        assert_eq!(label("a=b=c"), Ok(("a".into(), "b=c".into())));
    }
}
