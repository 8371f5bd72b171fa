//! `get sessions`: who owns what, now or over time.

use std::io::IsTerminal;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::{MissedTickBehavior, interval};

use super::at::AtArgs;
use super::show;
use crate::cli::lists::{OwnershipList, SessionList};
use crate::cli::output::{self, Format};
use crate::cli::report::WrongUsage;
use crate::cli::server::Api;
use crate::cli::table::{self, Table, Times, optional, text};
use crate::client;
use crate::domain::name::{AdapterName, SessionId};
use crate::wire::session::{OwnershipView, SessionView};

/// Lists sessions: who owns them, and who would take over.
///
/// Example: conncentric get sessions --watch
#[derive(Debug, clap::Args)]
pub(super) struct SessionsArgs {
    /// Only this session, for example venue-a/0, or only the sessions of this adapter, for example venue-a
    #[arg(value_name = "NAME", value_parser = which)]
    which: Option<Which>,

    /// Show the owners of one session over time
    #[arg(long, env = "CONNCENTRIC_HISTORY", requires = "which", conflicts_with = "at")]
    history: bool,

    #[command(flatten)]
    at: AtArgs,

    /// Look again every second until Ctrl-C
    #[arg(long, short, env = "CONNCENTRIC_WATCH", conflicts_with = "at")]
    watch: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Which {
    One(SessionId),
    OfAdapter(AdapterName),
}

fn which(text: &str) -> Result<Which, String> {
    if text.contains('/') {
        text.parse().map(Which::One).map_err(|error: crate::domain::name::InvalidName| error.to_string())
    } else {
        text.parse().map(Which::OfAdapter).map_err(|error: crate::domain::name::InvalidName| error.to_string())
    }
}

/// What one look showed.
struct Seen {
    json: String,
    sessions: Vec<SessionView>,
    times: Times,
}

impl SessionsArgs {
    pub(super) async fn run(self, api: &Api, format: Format) -> anyhow::Result<()> {
        if self.history {
            return self.show_history(api, format).await;
        }
        if self.watch {
            return self.watch(api, format).await;
        }
        let seen = self.look(api).await?;
        show(format, &seen.json, || Ok(table(seen.times, &seen.sessions)))
    }

    async fn look(&self, api: &Api) -> anyhow::Result<Seen> {
        let path = match &self.which {
            Some(Which::One(session)) => format!("/v1/sessions/{session}"),
            _ => "/v1/sessions".to_owned(),
        };
        let answer = api.get_verbatim(&self.at.path(&path)?).await?;
        let times = self.at.times(answer.answered_at);
        match &self.which {
            None => Ok(Seen { sessions: serde_json::from_str::<SessionList>(&answer.body)?.sessions, json: answer.body, times }),
            Some(Which::One(_)) => Ok(Seen { sessions: vec![serde_json::from_str(&answer.body)?], json: answer.body, times }),
            Some(Which::OfAdapter(name)) => {
                let mut list: SessionList = serde_json::from_str(&answer.body)?;
                list.sessions.retain(|session| session.adapter == *name);
                if list.sessions.is_empty() {
                    // Whether the adapter exists at all is for the server to say.
                    api.get::<serde::de::IgnoredAny>(&self.at.path(&format!("/v1/adapters/{name}"))?).await?;
                }
                Ok(Seen { json: serde_json::to_string(&list)?, sessions: list.sessions, times })
            }
        }
    }

    async fn show_history(&self, api: &Api, format: Format) -> anyhow::Result<()> {
        let Some(Which::One(session)) = &self.which else {
            return Err(WrongUsage("--history is of one session: name it, for example venue-a/0".into()).into());
        };
        let answer = api.get_verbatim(&format!("/v1/sessions/{session}/history")).await?;
        show(format, &answer.body, || Ok(history_table(&serde_json::from_str::<OwnershipList>(&answer.body)?.ownerships)))
    }

    async fn watch(&self, api: &Api, format: Format) -> anyhow::Result<()> {
        let redraw = std::io::stdout().is_terminal();
        let mut looks = interval(Duration::from_secs(1));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            match self.look(api).await {
                Ok(seen) => {
                    if redraw {
                        // Home, then clear to the end: less flicker than clearing first.
                        output::line("\u{1b}[H\u{1b}[J")?;
                    }
                    show(format, &seen.json, || Ok(table(seen.times, &seen.sessions)))?;
                }
                // Who watches wants to see the end of an outage too.
                Err(error) if error.downcast_ref().is_some_and(client::Error::is_passing) => {
                    output::note(&format!("{error}; still trying"));
                }
                Err(error) => return Err(error),
            }
        }
    }
}

fn table(times: Times, sessions: &[SessionView]) -> Option<Table> {
    let mut table = Table::new(&["SESSION", "ADMIN", "STATUS", "OWNER", "SINCE", "NEXT OWNER", "TOKEN", "REASON"]);
    for session in sessions {
        let newest = session.newest_revision;
        let pending =
            session.revision.filter(|_| session.pending_restart).map(|runs| format!("runs revision {runs}, {newest} waits for a restart"));
        table.row([
            text(&session.session),
            table::admin_state(session.admin_state),
            table::status(session.status),
            optional(session.owner.as_ref().map(|holder| &holder.pod)),
            times.cell(session.since),
            optional(session.next_owner.as_ref()),
            optional(session.token),
            optional(session.reason.as_ref().or(pending.as_ref())),
        ]);
    }
    (!sessions.is_empty()).then_some(table)
}

fn history_table(ownerships: &[OwnershipView]) -> Option<Table> {
    let mut table = Table::new(&["OWNER", "INCARNATION", "TOKEN", "CLAIMED BY", "FROM", "TO", "ENDED BY"]);
    let time = |at: DateTime<Utc>| at.format("%F %T%.3f").to_string();
    for ownership in ownerships {
        table.row([
            text(&ownership.owner.pod),
            text(&ownership.owner.incarnation),
            text(ownership.token),
            text(&ownership.claimed_by),
            text(time(ownership.from)),
            optional(ownership.to.map(time)),
            optional(ownership.ended_by.as_ref()),
        ]);
    }
    (!ownerships.is_empty()).then_some(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_session_or_an_adapter() {
        assert_eq!(which("venue-a/0"), Ok(Which::One("venue-a/0".parse().expect("a session"))));
        assert_eq!(which("venue-a"), Ok(Which::OfAdapter("venue-a".parse().expect("a name"))));
        for bad in ["venue-a/x", "Venue", "a/b/c", ""] {
            assert!(which(bad).is_err(), "{bad}");
        }
    }
}
