//! Tables in the manner of kubectl: plain columns under uppercase headers, nothing drawn.

use std::fmt::Display;
use std::time::Duration;

use chrono::{DateTime, Utc};
use comfy_table::{Cell, Color, ContentArrangement, presets};

use super::output;
use crate::domain::status::{AdminState, OperationalStatus};

/// What stands where there is nothing to say.
const NONE: &str = "-";

pub(super) struct Table(comfy_table::Table);

impl Table {
    pub(super) fn new(headers: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        // Lines longer than the terminal are better than broken cells: people pipe tables into grep.
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(headers.to_vec());
        if output::coloured() {
            table.enforce_styling()
        } else {
            table.force_no_tty()
        };
        Self(table)
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.0.add_row(cells.into_iter().collect::<Vec<_>>());
    }

    pub(super) fn render(mut self) -> String {
        for column in self.0.column_iter_mut() {
            column.set_padding((0, 3));
        }
        self.0.trim_fmt()
    }
}

pub(super) fn text(value: impl Display) -> Cell {
    Cell::new(output::harmless(&value.to_string()))
}

pub(super) fn optional(value: Option<impl Display>) -> Cell {
    value.map_or_else(|| Cell::new(NONE), text)
}

/// Several values in one cell.
pub(super) fn list<T: Display>(values: &[T]) -> Cell {
    let joined = values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    optional((!joined.is_empty()).then_some(joined))
}

pub(super) fn status(status: OperationalStatus) -> Cell {
    let color = match status {
        OperationalStatus::Active => Color::Green,
        OperationalStatus::Claiming => Color::Yellow,
        OperationalStatus::Error => Color::Red,
        OperationalStatus::Inactive => Color::DarkGrey,
    };
    text(status).fg(color)
}

pub(super) fn admin_state(state: AdminState) -> Cell {
    let cell = text(state);
    if state == AdminState::Disabled { cell.fg(Color::DarkGrey) } else { cell }
}

/// How long ago `at` was when the orchestrator answered, in whole seconds, because answers are dated to the second.
/// Both times are the servers', so this machine's clock may be wrong.
pub(super) fn age(answered_at: Option<DateTime<Utc>>, at: Option<DateTime<Utc>>) -> Cell {
    let age = answered_at.zip(at).map(|(now, at)| (now - at).to_std().unwrap_or_default().as_secs());
    optional(age.map(|seconds| short(Duration::from_secs(seconds))))
}

/// How times are shown: as ages in a list of the present, in full in one of the past, where "3m ago" would mislead.
#[derive(Debug, Clone, Copy)]
pub(super) enum Times {
    /// When the orchestrator answered.
    Ages(Option<DateTime<Utc>>),
    Full,
}

impl Times {
    pub(super) fn cell(self, at: Option<DateTime<Utc>>) -> Cell {
        match self {
            Self::Ages(answered_at) => age(answered_at, at),
            Self::Full => optional(at.map(|at| at.format("%F %T%.3f"))),
        }
    }
}

/// A duration in its largest unit: `820ms`, `12s`, `3m`, `2h`, `5d`.
pub(super) fn short(duration: Duration) -> String {
    match duration.as_secs() {
        0 if duration.subsec_millis() > 0 => format!("{}ms", duration.subsec_millis()),
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m", seconds / 60),
        seconds @ 3_600..172_800 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_nothing_is_drawn() {
        let mut table = Table::new(&["SESSION", "OWNER", "REASON"]);
        table.row([text("venue-a/0"), text("pod-1"), optional(None::<&str>)]);
        table.row([text("b/10"), optional(None::<&str>), text("no pod\nhas room")]);
        let expected = "\
SESSION     OWNER   REASON
venue-a/0   pod-1   -
b/10        -       no pod\\nhas room";
        assert_eq!(table.render(), expected);
    }

    #[test]
    fn durations_are_short() {
        let shown = |millis| short(Duration::from_millis(millis));
        assert_eq!([shown(0), shown(820), shown(12_900)], ["0s", "820ms", "12s"]);
        assert_eq!([shown(199_000), shown(7_300_000), shown(86_400_000 * 5)], ["3m", "2h", "5d"]);
    }

    #[test]
    fn an_age_is_never_negative() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).expect("a time").to_utc();
        let now = at("2026-01-01T00:00:00Z");
        assert_eq!(age(Some(now), Some(at("2026-01-01T00:00:01Z"))).content(), "0s");
        assert_eq!(age(Some(now), Some(at("2025-12-31T23:00:00Z"))).content(), "1h");
        assert_eq!(age(Some(now), Some(at("2025-12-31T23:59:59.500Z"))).content(), "0s");
        assert_eq!(age(None, Some(now)).content(), "-");
    }
}
