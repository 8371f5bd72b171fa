//! `get log`: the event log of an adapter, for people, newest entries last.

use chrono::SecondsFormat;

use super::show;
use crate::cli::output::Format;
use crate::cli::server::Api;
use crate::cli::table::{Table, text};
use crate::domain::name::{AdapterName, SessionId};
use crate::wire::log::{EntryPage, EntryView};

/// Shows the event log of an adapter: what happened to it, in words.
///
/// Example: conncentric get log venue-a --level error
#[derive(Debug, clap::Args)]
pub(super) struct LogArgs {
    /// The adapter, for example venue-a
    #[arg(value_name = "ADAPTER")]
    adapter: AdapterName,

    /// Only entries of this session, for example venue-a/0
    #[arg(long, env = "CONNCENTRIC_SESSION_FILTER", value_name = "SESSION")]
    session: Option<SessionId>,

    /// Only entries of this level
    #[arg(long, env = "CONNCENTRIC_LEVEL", value_parser = ["info", "warning", "error"])]
    level: Option<String>,

    /// Only entries of this category
    #[arg(long, env = "CONNCENTRIC_CATEGORY", value_parser = ["connection", "action", "system"])]
    category: Option<String>,

    /// How many entries to show at most
    #[arg(long, env = "CONNCENTRIC_LIMIT", value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

impl LogArgs {
    pub(super) async fn run(self, api: &Api, format: Format) -> anyhow::Result<()> {
        let answer = api.get_verbatim(&self.path()).await?;
        show(format, &answer.body, || {
            let page: EntryPage = serde_json::from_str(&answer.body)?;
            Ok((!page.entries.is_empty()).then(|| table(&page.entries)))
        })
    }

    /// Names and words of these alphabets need no encoding in a URL, but for the slash of a session, which a query may hold.
    fn path(&self) -> String {
        let mut path = format!("/v1/adapters/{}/log?limit={}", self.adapter, self.limit);
        let session = self.session.as_ref().map(ToString::to_string);
        for (name, value) in [("session", session), ("level", self.level.clone()), ("category", self.category.clone())] {
            if let Some(value) = value {
                path = format!("{path}&{name}={value}");
            }
        }
        path
    }
}

fn table(entries: &[EntryView]) -> Table {
    let mut table = Table::new(&["RECORDED AT", "LEVEL", "CATEGORY", "SESSION", "DESCRIPTION"]);
    for entry in entries.iter().rev() {
        let session = entry.session.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        let recorded_at = entry.recorded_at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let words = [entry.level.as_str().to_owned(), entry.category.as_str().to_owned(), session, entry.description.clone()];
        table.row([recorded_at].into_iter().chain(words).map(text));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_become_the_query() {
        let args = LogArgs {
            adapter: "venue-a".parse().expect("a name"),
            session: Some("venue-a/0".parse().expect("a session")),
            level: Some("error".into()),
            category: None,
            limit: 10,
        };
        assert_eq!(args.path(), "/v1/adapters/venue-a/log?limit=10&session=venue-a/0&level=error");
    }
}
