//! The report as one screen for people.

use std::time::Duration;

use comfy_table::{Cell, Color};
use owo_colors::{OwoColorize, Style};

use super::attention::{Concern, Level};
use super::report::{Counts, DatabaseReport, OrchestratorReport, PodReport, Report};
use crate::cli::output;
use crate::cli::table::{self, Table, optional, text};
use crate::wire::status::StandbyView;

/// Concerns that are shown. `-o json` has all.
const SHOWN: usize = 15;

pub(super) fn draw(report: &Report) -> String {
    let mut parts = vec![headline(report), orchestrators(&report.orchestrators)];
    parts.push(report.database.as_ref().map_or_else(|| "DATABASE   out of reach".into(), database));
    if let (Some(adapters), Some(sessions)) = (&report.adapters, &report.sessions) {
        parts.push(statuses(adapters, sessions));
    }
    parts.extend(report.pods.as_ref().map(pods));
    let (troubles, notes): (Vec<_>, Vec<_>) = report.attention.iter().partition(|concern| concern.level != Level::Note);
    parts.extend(concerns("NEEDS ATTENTION", &troubles));
    parts.extend(concerns("UNDER WAY", &notes));
    parts.extend(report.next.as_ref().map(|next| format!("next: {}", output::harmless(next))));
    parts.join("\n\n")
}

fn headline(report: &Report) -> String {
    let (style, text) = if report.well {
        (Style::new().green().bold(), "All is well.".to_owned())
    } else {
        let count = report.troubles().count();
        (Style::new().red().bold(), format!("{count} {} attention.", if count == 1 { "thing needs" } else { "things need" }))
    };
    if output::coloured() { text.style(style).to_string() } else { text }
}

fn orchestrators(all: &[OrchestratorReport]) -> String {
    let mut table = Table::new(&["ORCHESTRATOR", "STATE", "NAME", "VERSION", "POSITION", "LAG"]);
    for one in all {
        let said = one.status.as_ref().map(|status| &status.readiness);
        let color = if one.state == "READY" { Color::Green } else { Color::Red };
        table.row([
            text(&one.url),
            text(one.state).fg(color),
            optional(said.map(|said| &said.orchestrator)),
            optional(said.map(|said| &said.version)),
            optional(said.map(|said| said.position)),
            optional(said.filter(|said| said.ready).map(|said| table::short(Duration::from_millis(said.lag_ms)))),
        ]);
    }
    table.render()
}

fn database(database: &DatabaseReport) -> String {
    let mut table = Table::new(&["DATABASE", "ROLE", "EPOCH", "POSITION", "STANDBYS"]);
    let server = database.server.as_ref();
    let settling = if database.settling { " (settling)" } else { "" };
    let standbys: Vec<_> = server.iter().flat_map(|server| &server.standbys).map(standby).collect();
    table.row([
        optional(server.map(|server| format!("PostgreSQL {}", server.version))),
        optional(server.map(|server| &server.role)),
        text(format!("{}{settling}", database.epoch)),
        text(database.position),
        table::list(&standbys),
    ]);
    table.render()
}

fn standby(standby: &StandbyView) -> String {
    let facts = [standby.sync_state.clone(), standby.lag_ms.map(|ms| format!("{ms} ms behind"))];
    let facts: Vec<_> = facts.into_iter().flatten().collect();
    let name = if standby.name.is_empty() { "?" } else { &standby.name };
    if facts.is_empty() { name.to_owned() } else { format!("{name} ({})", facts.join(" ")) }
}

const STATUSES: [(&str, Color); 4] =
    [("ACTIVE", Color::Green), ("CLAIMING", Color::Yellow), ("ERROR", Color::Red), ("INACTIVE", Color::DarkGrey)];

fn statuses(adapters: &Counts, sessions: &Counts) -> String {
    let mut table = Table::new(&["", "ACTIVE", "CLAIMING", "ERROR", "INACTIVE", "TOTAL"]);
    for (name, counts) in [("ADAPTERS", adapters), ("SESSIONS", sessions)] {
        let each = STATUSES.map(|(status, color)| number(counts, status, color));
        table.row([vec![text(name)], each.to_vec(), vec![text(counts.values().sum::<usize>())]].concat());
    }
    table.render()
}

fn pods(pods: &PodReport) -> String {
    let mut table = Table::new(&["", "READY", "DRAINING", "SILENT", "TOTAL", "ROOM"]);
    let states = [("READY", Color::Green), ("DRAINING", Color::Yellow), ("SILENT", Color::Red)];
    let each = states.map(|(state, color)| number(&pods.states, state, color));
    let total = text(pods.states.values().sum::<usize>());
    table.row([vec![text("PODS")], each.to_vec(), vec![total, text(format!("{}/{}", pods.used, pods.capacity))]].concat());
    table.render()
}

/// Zeros stay plain, so that what is coloured is what there is.
fn number(counts: &Counts, of: &str, color: Color) -> Cell {
    let count = counts.get(of).copied().unwrap_or_default();
    if count == 0 { text(count) } else { text(count).fg(color) }
}

fn concerns(title: &str, concerns: &[&Concern]) -> Option<String> {
    let mut table = Table::new(&[title, "STATE", "REASON", "NEXT"]);
    for concern in concerns.iter().take(SHOWN) {
        let state = match concern.level {
            Level::Error => text(&concern.state).fg(Color::Red),
            Level::Warning => text(&concern.state).fg(Color::Yellow),
            Level::Note => text(&concern.state),
        };
        table.row([text(&concern.about), state, text(&concern.reason), text(&concern.next)]);
    }
    let more = concerns.len().checked_sub(SHOWN).filter(|more| *more > 0).map(|more| format!("\nand {more} more: -o json has all"));
    (!concerns.is_empty()).then(|| table.render() + &more.unwrap_or_default())
}
