//! `replay`: the past, worked out from the event table alone.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::output::{self, Format, FormatArgs, harmless};
use super::table::{self, Table, optional, text};
use crate::audit::archive::Archives;
use crate::audit::explain::{Life, Line, Memory, Totals, span};
use crate::audit::replay::{Replay, ownership};
use crate::domain::name::SessionId;
use crate::log::{At, Connection, Moment, Purpose, locate, read_archives, read_extent};
use crate::wire::ownership::{OwnershipAt, SessionAt};

/// Works out who owned what at a moment, and why, from the event table alone.
///
/// Reads the log of a database directly, a standby or a restored backup too, and asks neither an orchestrator nor a projection.
/// With --session alone it tells the whole life of that session.
///
/// Examples: conncentric replay --at 2026-01-31T10:32:07Z --explain, conncentric replay --session venue-a/0
#[derive(Debug, clap::Args)]
pub(super) struct ReplayArgs {
    /// The moment: a time, or a position of the log. Without it, the end of the log. For example 2026-01-31T10:32:07Z or 1200
    #[arg(long, env = "CONNCENTRIC_AT", value_name = "TIME|POSITION", allow_hyphen_values = true)]
    at: Option<String>,

    /// Only this session, for example venue-a/0
    #[arg(long, env = "CONNCENTRIC_SESSION_FILTER", value_name = "SESSION")]
    session: Option<SessionId>,

    /// Say what led to each answer, and who ordered it
    #[arg(long, env = "CONNCENTRIC_EXPLAIN")]
    explain: bool,

    /// The database that holds the log: postgresql://user@db/conncentric. It only has to be readable
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: String,

    /// Files that `conncentric seal` wrote, if the beginning of the log is sealed; all of them
    #[arg(long, env = "CONNCENTRIC_ARCHIVE", value_name = "FILE", num_args = 1.., value_delimiter = ',')]
    archive: Vec<PathBuf>,

    #[command(flatten)]
    format: FormatArgs,
}

/// A session with what led to its state.
#[derive(Debug, Serialize)]
struct Explained {
    #[serde(flatten)]
    session: SessionAt,
    why: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct ExplainedOwnership {
    at_position: i64,
    at_time: DateTime<Utc>,
    sessions: Vec<Explained>,
}

#[derive(Debug, Serialize)]
struct LifeOf<'a> {
    session: &'a SessionId,
    at_position: i64,
    at_time: DateTime<Utc>,
    events: &'a [Line],
    #[serde(flatten)]
    totals: Totals,
}

impl ReplayArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let at = self.at.as_deref().map(str::parse::<At>).transpose()?.unwrap_or_default();
        let mut connection = Connection::open(&self.database_url, Purpose::Read).await?;
        let extent = read_extent(&connection).await?;
        at.within(&extent)?;
        let moment = locate(&connection, at, &extent).await?;
        let began = Instant::now();
        let sealed = read_archives(&connection.client).await?;
        let mut replay = self.begin();
        if let Some(archives) = Archives::open(&self.archive, sealed.clone())? {
            replay.read_archives(archives, moment.position)?;
        }
        let replay = replay.run(&mut connection, moment.position).await?;
        anyhow::ensure!(
            read_archives(&connection.client).await? == sealed,
            "a part of the log was sealed or came back meanwhile; try again"
        );
        self.show(&replay, &moment)?;
        if self.format.output == Format::Table {
            output::note(&format!("\n{}", rate(replay.events(), began.elapsed())));
        }
        Ok(())
    }

    fn begin(&self) -> Replay {
        match &self.session {
            Some(session) if self.is_life() => Replay::remembering(Memory::with_life_of(session.clone())),
            _ if self.explain => Replay::remembering(Memory::default()),
            _ => Replay::default(),
        }
    }

    fn is_life(&self) -> bool {
        self.session.is_some() && self.at.is_none() && !self.explain
    }

    fn show(&self, replay: &Replay, moment: &Moment) -> anyhow::Result<()> {
        if let Some(life) = replay.memory().and_then(Memory::life) {
            return show_life(self.format.output, life, replay, moment);
        }
        let mut ownership = ownership(replay.fleet(), moment);
        if let Some(session) = &self.session {
            ownership.sessions.retain(|shown| shown.session == *session);
            anyhow::ensure!(!ownership.sessions.is_empty(), "there was no session {session} {}", when(moment));
        }
        match replay.memory() {
            Some(memory) => show_explained(self.format.output, explained(ownership, replay, memory), moment),
            None => show_ownership(self.format.output, &ownership, moment),
        }
    }
}

fn explained(ownership: OwnershipAt, replay: &Replay, memory: &Memory) -> ExplainedOwnership {
    let OwnershipAt { at_position, at_time, sessions } = ownership;
    let why = |session: SessionAt| Explained { why: memory.why(&session.session, replay.fleet()), session };
    ExplainedOwnership { at_position, at_time, sessions: sessions.into_iter().map(why).collect() }
}

fn show_ownership(format: Format, ownership: &OwnershipAt, moment: &Moment) -> anyhow::Result<()> {
    if format == Format::Json {
        return output::json(&serde_json::to_string(ownership)?);
    }
    let mut table = Table::new(&["SESSION", "ADMIN", "STATUS", "OWNER", "INCARNATION", "SINCE", "TOKEN", "REASON"]);
    for session in &ownership.sessions {
        table.row([
            text(&session.session),
            table::admin_state(session.admin_state),
            table::status(session.status),
            optional(session.owner.as_ref().map(|holder| &holder.pod)),
            optional(session.owner.as_ref().map(|holder| &holder.incarnation)),
            optional(session.since.map(exact)),
            optional(session.token),
            optional(session.reason.as_ref()),
        ]);
    }
    output::line(&capitalised(&when(moment)))?;
    if ownership.sessions.is_empty() {
        output::note("there were no sessions");
        return Ok(());
    }
    output::line(&table.render())
}

fn show_explained(format: Format, ownership: ExplainedOwnership, moment: &Moment) -> anyhow::Result<()> {
    if format == Format::Json {
        return output::json(&serde_json::to_string(&ownership)?);
    }
    output::line(&capitalised(&when(moment)))?;
    if ownership.sessions.is_empty() {
        output::note("there were no sessions");
    }
    for Explained { session, why } in ownership.sessions {
        output::line(&format!("\n{}", harmless(&headline(&session))))?;
        show_lines(&why)?;
    }
    Ok(())
}

fn show_life(format: Format, life: &Life, replay: &Replay, moment: &Moment) -> anyhow::Result<()> {
    let session = life.session();
    anyhow::ensure!(!life.lines().is_empty(), "there never was a session {session}, up to position {}", moment.position);
    let totals = life.totals(replay.fleet(), moment.time);
    if format == Format::Json {
        let life = LifeOf { session, at_position: moment.position, at_time: moment.time, events: life.lines(), totals };
        return output::json(&serde_json::to_string(&life)?);
    }
    output::line(&format!("The life of {session}, up to {} (position {})", exact(moment.time), moment.position))?;
    show_lines(life.lines())?;
    let length = |ms| span(TimeDelta::milliseconds(ms));
    output::line(&format!(
        "\n{} ownerships, {} of them ended by silence; owned for {} in all, {} of that by an owner that had fallen silent; without an \
         owner for {} while it should have run",
        totals.ownerships,
        totals.expiries,
        length(totals.owned_ms),
        length(totals.silent_ms),
        length(totals.without_owner_ms),
    ))
}

fn show_lines(lines: &[Line]) -> anyhow::Result<()> {
    for line in lines {
        let position = line.position.map_or_else(String::new, |position| position.to_string());
        let who = line.who.as_ref().map_or_else(String::new, |who| format!("  [{who}]"));
        output::line(&format!("  {:<27}  {position:>8}  {}", exact(line.at), harmless(&format!("{}{who}", line.what))))?;
    }
    Ok(())
}

/// A session in one sentence.
fn headline(session: &SessionAt) -> String {
    let SessionAt { session: id, status, reason, owner, token, since, .. } = session;
    let reason = reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    match (owner, token, since) {
        (Some(owner), Some(token), Some(since)) => {
            format!("{id} was owned by {owner} under token {token} since {}, and {status}{reason}", exact(*since))
        }
        _ => format!("{id} had no owner, and was {status}{reason}"),
    }
}

fn when(moment: &Moment) -> String {
    format!("at {} (position {})", exact(moment.time), moment.position)
}

/// As exact as the log itself, so that it can be given back as `--at`.
fn exact(time: DateTime<Utc>) -> String {
    time.format("%FT%T%.6fZ").to_string()
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn rate(events: u64, took: Duration) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = events as f64 / took.as_secs_f64().max(1e-6);
    format!("read and folded {events} events in {:.3} s ({rate:.0} events/s)", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_is_shown_can_be_asked_for() {
        let time: DateTime<Utc> = "2026-01-31T10:32:07.000123Z".parse().expect("a time");
        assert_eq!(exact(time), "2026-01-31T10:32:07.000123Z");
        assert_eq!(exact(time).parse(), Ok(At::Time(time)));
    }

    #[test]
    fn a_headline_says_who_or_why_nobody() {
        let mut session: SessionAt = serde_json::from_value(serde_json::json!({
            "session": "venue-a/0", "adapter": "venue-a", "admin_state": "ENABLED", "status": "CLAIMING", "reason": "no pod is registered",
            "owner": null, "token": null, "since": null,
        }))
        .expect("a session");
        assert_eq!(headline(&session), "venue-a/0 had no owner, and was CLAIMING: no pod is registered");
        session = serde_json::from_value(serde_json::json!({
            "session": "venue-a/0", "adapter": "venue-a", "admin_state": "ENABLED", "status": "ACTIVE", "reason": null,
            "owner": {"pod": "pod-1", "incarnation": "i"}, "token": "7", "since": "2026-01-31T10:32:07Z",
        }))
        .expect("a session");
        assert_eq!(headline(&session), "venue-a/0 was owned by pod-1 (i) under token 7 since 2026-01-31T10:32:07.000000Z, and ACTIVE");
    }
}
