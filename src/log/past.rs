//! Moments in the past: what people write for one, and which position of the log it is.

use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use tokio_postgres::Row;

use super::{Connection, LogError, sql};
use crate::domain::token::{Epoch, Position};

/// A moment as people name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum At {
    /// The end of the log.
    #[default]
    Now,
    Position(Position),
    Time(DateTime<Utc>),
}

/// A text that names no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{}\" is neither a time nor a position; write for example 2026-01-31T12:00:00Z or 1200", .0.escape_debug())]
pub struct InvalidAt(String);

impl FromStr for At {
    type Err = InvalidAt;

    /// A decimal number is a position, anything else a time of RFC 3339.
    fn from_str(text: &str) -> Result<Self, InvalidAt> {
        let given = text.trim();
        if let Ok(position) = given.parse() {
            return Ok(Self::Position(position));
        }
        let invalid = |_| InvalidAt(text.chars().take(64).collect());
        DateTime::parse_from_rfc3339(given).map(|time| Self::Time(time.to_utc())).map_err(invalid)
    }
}

/// From where to where the log goes, by the database's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The first ledger event that is there, if any is.
    pub first: Option<(Position, DateTime<Utc>)>,
    pub epoch: Epoch,
    pub position: Position,
    pub recorded_at: DateTime<Utc>,
    pub now: DateTime<Utc>,
}

/// A moment that the log knows nothing about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutOfHistory {
    #[error("the log is empty, so there is no past yet")]
    Empty,
    #[error("position {given} is before the first event, which is at position {first}")]
    PositionTooEarly { given: Position, first: Position },
    #[error("position {given} is beyond the end of the log, which is at position {last}")]
    PositionTooLate { given: Position, last: Position },
    #[error("{} is before the first event, which was recorded at {} (position {first})", shown(.given), shown(.first_time))]
    TooEarly { given: DateTime<Utc>, first: Position, first_time: DateTime<Utc> },
    #[error("{} is in the future: the database's clock says {}", shown(.given), shown(.now))]
    Future { given: DateTime<Utc>, now: DateTime<Utc> },
}

fn shown(time: &DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

impl At {
    /// Whether the log reaches to this moment.
    ///
    /// # Errors
    /// Says on which side of the log it lies, and where that ends.
    pub fn within(self, extent: &Extent) -> Result<(), OutOfHistory> {
        let first = extent.first;
        match (self, first) {
            (Self::Now, _) => Ok(()),
            (_, None) => Err(OutOfHistory::Empty),
            (Self::Position(given), Some((first, _))) if given < first => Err(OutOfHistory::PositionTooEarly { given, first }),
            (Self::Position(given), _) if given > extent.position => Err(OutOfHistory::PositionTooLate { given, last: extent.position }),
            (Self::Time(given), Some((first, first_time))) if given < first_time => {
                Err(OutOfHistory::TooEarly { given, first, first_time })
            }
            (Self::Time(given), _) if given > extent.now => Err(OutOfHistory::Future { given, now: extent.now }),
            _ => Ok(()),
        }
    }
}

/// A moment in the log. What was the case at a position never changes any more, so whoever repeats a question asks for the
/// position of the first answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub epoch: Epoch,
    pub position: Position,
    /// The time that was asked for; else when the event at this position was recorded.
    pub time: DateTime<Utc>,
}

pub async fn read_extent(connection: &Connection) -> Result<Extent, LogError> {
    let row = connection.client.query_one(sql::READ_EXTENT, &[]).await?;
    let first = row.try_get::<_, Option<Position>>("first_position")?.zip(row.try_get("first_time")?);
    Ok(Extent {
        first,
        epoch: Epoch(row.try_get("epoch")?),
        position: row.try_get("position")?,
        recorded_at: row.try_get("recorded_at")?,
        now: row.try_get("now")?,
    })
}

/// Finds the place in the log of a moment that [`At::within`] has accepted. A time is at the last ledger event that was recorded
/// by then, because nothing else changes what is the case.
pub async fn locate(connection: &Connection, at: At, extent: &Extent) -> Result<Moment, LogError> {
    let end = Moment { epoch: extent.epoch, position: extent.position, time: extent.recorded_at };
    let epoch = |row: &Row| -> Result<Epoch, LogError> { Ok(Epoch(row.try_get("epoch")?)) };
    match at {
        At::Now => Ok(end),
        At::Position(position) => {
            // The event itself may be a pulse that is not kept any more; then the one before it dates the moment.
            let row = connection.client.query_opt(sql::LOCATE_POSITION, &[&position]).await?;
            row.map_or(Ok(end), |row| Ok(Moment { epoch: epoch(&row)?, position, time: row.try_get("recorded_at")? }))
        }
        At::Time(time) => {
            let row = connection.client.query_opt(sql::LOCATE_TIME, &[&time]).await?;
            row.map_or(Ok(end), |row| Ok(Moment { epoch: epoch(&row)?, position: row.try_get("position")?, time }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn extent() -> Extent {
        Extent {
            first: Some((1, time("2026-01-01T00:00:00Z"))),
            epoch: Epoch(1),
            position: 90,
            recorded_at: time("2026-01-02T00:00:00Z"),
            now: time("2026-01-02T00:00:07Z"),
        }
    }

    #[test]
    fn a_moment_is_a_position_or_a_time() {
        assert_eq!("1200".parse(), Ok(At::Position(1200)));
        assert_eq!(" 2026-01-01T01:00:00+01:00 ".parse(), Ok(At::Time(time("2026-01-01T00:00:00Z"))));
        for bad in ["", "yesterday", "10:32", "2026-01-01", "1e3", "99999999999999999999", "\u{1b}[2J"] {
            let refused = bad.parse::<At>().expect_err(bad).to_string();
            assert!(refused.contains("2026-01-31T12:00:00Z or 1200") && !refused.contains('\u{1b}'), "{refused}");
        }
    }

    #[test]
    fn what_lies_outside_the_log_is_refused_with_its_bounds() {
        let refused = |text: &str| text.parse::<At>().expect("a moment").within(&extent()).expect_err(text).to_string();
        assert_eq!(refused("0"), "position 0 is before the first event, which is at position 1");
        assert_eq!(refused("-3"), "position -3 is before the first event, which is at position 1");
        assert_eq!(refused("91"), "position 91 is beyond the end of the log, which is at position 90");
        assert!(refused("2025-12-31T23:59:59.999Z").contains("recorded at 2026-01-01T00:00:00Z (position 1)"));
        assert!(refused("2026-01-02T00:00:08Z").contains("in the future: the database's clock says 2026-01-02T00:00:07Z"));
    }

    #[test]
    fn the_time_since_the_last_event_belongs_to_the_log() {
        for good in ["1", "90", "2026-01-01T00:00:00Z", "2026-01-02T00:00:05Z"] {
            assert_eq!(good.parse::<At>().expect("a moment").within(&extent()), Ok(()), "{good}");
        }
        let empty = Extent { first: None, position: 0, ..extent() };
        assert_eq!(At::Position(1).within(&empty), Err(OutOfHistory::Empty));
        assert_eq!(At::Now.within(&empty), Ok(()));
    }
}
