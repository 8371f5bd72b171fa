//! The fold and its ownerships against the live projections, from the same snapshot.

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Transaction};

use super::kept::Kept;
use super::ownership::{Interval, Ownerships};
use super::pass::Folded;
use super::read::{Passed, column};
use super::report::{Check, Difference, Step, StepName, Timer};
use super::{Read, blobs};
use crate::domain::event::ClaimKind;
use crate::domain::fleet::Fleet;
use crate::domain::token::{FencingToken, Position};
use crate::log::{LogError, load_fleet_within, sql};

pub(super) async fn compare(snapshot: &Transaction<'_>, passed: Passed) -> Result<Read, LogError> {
    let Some(Folded { fleet, ownerships, kept }) = passed.folded else {
        let why = "the log itself is not sound";
        let skipped = [StepName::Fold, StepName::Ownership, StepName::Blobs].map(|step| Step::skipped(step, why));
        return Ok(Read { steps: [vec![passed.step], skipped.to_vec()].concat() });
    };
    let fold = compare_fold(snapshot, &fleet, &kept).await?;
    let owned = compare_ownerships(snapshot, &ownerships).await?;
    let content = blobs::check(snapshot).await?;
    Ok(Read { steps: vec![passed.step, fold, owned, content] })
}

async fn compare_fold(snapshot: &Transaction<'_>, fleet: &Fleet, kept: &Kept) -> Result<Step, LogError> {
    let timer = Timer::start();
    let checked = fleet.adapters().count()
        + fleet.sessions().count()
        + fleet.registrations().count()
        + fleet.access_tokens().count()
        + fleet.artifacts().count()
        + fleet.plugins().count();
    let difference = match load_fleet_within(snapshot).await {
        Ok((live, _)) => match fleet.first_difference(&live) {
            Some(found) => Some(Difference {
                check: Check::Projection,
                position: last_of(snapshot, &found.stream).await?,
                table: Some(found.kind.to_owned()),
                key: Some(found.key),
                problem: format!("the log comes to {}, and live is {}", found.ours, found.theirs),
            }),
            None => kept.compare(snapshot).await?,
        },
        Err(error) if is_about_a_value(&error) => Some(Difference {
            check: Check::Projection,
            position: None,
            table: None,
            key: None,
            problem: format!("the live projections cannot be read: {error}"),
        }),
        Err(error) => return Err(error),
    };
    Ok(Step::done(StepName::Fold, checked as u64, &timer, difference.into_iter().collect()))
}

/// Whether the database answered, and with something that no projection would hold.
fn is_about_a_value(error: &LogError) -> bool {
    match error {
        LogError::Inconsistent(_) => true,
        LogError::Database(error) => error.code().is_none() && !error.is_closed(),
        _ => false,
    }
}

/// The position of the last event about something.
pub(super) async fn last_of(snapshot: &Transaction<'_>, stream: &str) -> Result<Option<Position>, LogError> {
    Ok(snapshot.query_one(sql::VERIFY_STREAM, &[&stream]).await?.try_get(0)?)
}

async fn compare_ownerships(snapshot: &Transaction<'_>, ours: &Ownerships) -> Result<Step, LogError> {
    let timer = Timer::start();
    let mut seen = vec![false; ours.intervals().len()];
    let mut first: Option<Difference> = None;
    let mut checked = 0;
    let mut note = |difference: Difference| {
        // An absent position is earlier than any.
        if first.as_ref().is_none_or(|first| difference.position < first.position) {
            first = Some(difference);
        }
    };
    let rows = snapshot.query_raw(sql::VERIFY_OWNERSHIP, std::iter::empty::<&(dyn ToSql + Sync)>()).await?;
    let mut rows = std::pin::pin!(rows);
    while let Some(row) = rows.try_next().await? {
        checked += 1;
        match compare_row(&row, ours) {
            Ok(index) => {
                if let Some(seen) = seen.get_mut(index)
                    && std::mem::replace(seen, true)
                {
                    note(of_row(&row, "the row is there twice".into()));
                }
            }
            Err(problem) => note(of_row(&row, problem)),
        }
    }
    for (interval, _) in ours.intervals().iter().zip(&seen).filter(|(_, seen)| !**seen) {
        let key = format!("{} under token {}", ours.session(interval), interval.token);
        note(Difference { key: Some(key), ..projection(Some(interval.from), "the row is missing, or differs".into()) });
    }
    Ok(Step::done(StepName::Ownership, checked, &timer, first.into_iter().collect()))
}

fn projection(position: Option<Position>, problem: String) -> Difference {
    Difference { check: Check::Projection, position, table: Some("ownership".into()), key: None, problem }
}

fn of_row(row: &Row, problem: String) -> Difference {
    let token = column::<i64>(row, 1).ok().and_then(|token| FencingToken::from_i64(token).ok());
    let session = column::<String>(row, 0).unwrap_or_default();
    let key = token.map(|token| format!("{session} under token {token}"));
    Difference { key, ..projection(token.map(FencingToken::position), problem) }
}

/// Which of our intervals a row is, if it is one, and exactly so.
fn compare_row(row: &Row, ours: &Ownerships) -> Result<usize, String> {
    let index = ours.find(column(row, 1)?).ok_or("the log knows no such ownership")?;
    let interval = ours.intervals().get(index).ok_or("the log knows no such ownership")?;
    let (session, holder) = ours.parts(interval).ok_or("the log knows no such ownership")?;
    let texts =
        [(0, "session", session.to_string().as_str()), (3, "pod", holder.pod.as_str()), (4, "incarnation", holder.incarnation.as_str())]
            .map(|(index, name, right)| same(name, column::<&str>(row, index)?, right));
    texts.into_iter().collect::<Result<(), String>>()?;
    compare_numbers(row, interval)?;
    Ok(index)
}

fn compare_numbers(row: &Row, interval: &Interval) -> Result<(), String> {
    let end = interval.end;
    same("previous_token", column::<Option<i64>>(row, 2)?, interval.previous.map(FencingToken::as_i64))?;
    same("registration", column::<i32>(row, 5)?, interval.registration)?;
    same("claimed_by", column::<&str>(row, 6)?, kind(interval.kind))?;
    same("start", column::<Option<i64>>(row, 7)?, Some(interval.from))?;
    same("end", column::<Option<i64>>(row, 8)?, end.map(|end| end.at))?;
    same("since", column::<DateTime<Utc>>(row, 9)?, interval.since)?;
    same("until", column::<Option<DateTime<Utc>>>(row, 10)?, end.map(|end| end.until))?;
    same("ended_by", column::<Option<&str>>(row, 11)?, end.map(|end| if end.expired { "expired" } else { "released" }))
}

fn same<T: PartialEq + std::fmt::Debug + Copy>(name: &str, live: T, right: T) -> Result<(), String> {
    if live == right { Ok(()) } else { Err(format!("{name} is {live:?}, and the log comes to {right:?}")) }
}

fn kind(kind: ClaimKind) -> &'static str {
    match kind {
        ClaimKind::Placement => "placement",
        ClaimKind::Request => "request",
        ClaimKind::Takeover => "takeover",
        ClaimKind::Handover => "handover",
    }
}
