//! What people see while the demo starts and runs: steps with their times, and lines. All of it on standard error,
//! because standard output has a single line, `ready`, for programs.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use owo_colors::{OwoColorize, Style};

/// Width of the column of step names.
const NAMES: usize = 14;

/// Standard error, coloured if it is a terminal and `NO_COLOR` is unset.
#[derive(Debug, Clone)]
pub(super) struct Console {
    /// The steps that go on, redrawn below the lines. Draws nothing if there is no terminal.
    bars: MultiProgress,
    coloured: bool,
}

impl Console {
    pub(super) fn new() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        Self { bars, coloured: io::stderr().is_terminal() && wanted }
    }

    /// Begins a step. It is shown as going on until it is finished.
    pub(super) fn step(&self, name: &'static str) -> Step {
        let bar = self.bars.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {prefix} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(format!("{name:NAMES$}"));
        bar.enable_steady_tick(Duration::from_millis(80));
        Step { console: self.clone(), name, bar, begun: crate::time::since_boot() }
    }

    pub(super) fn say(&self, line: impl Display) {
        // Nobody is left to tell if standard error is gone.
        let _ = self.bars.suspend(|| writeln!(io::stderr(), "{line}"));
    }

    pub(super) fn strong(&self, text: impl Display) -> String {
        self.styled(Style::new().bold(), text)
    }

    pub(super) fn good(&self, text: impl Display) -> String {
        self.styled(Style::new().green(), text)
    }

    pub(super) fn bad(&self, text: impl Display) -> String {
        self.styled(Style::new().red().bold(), text)
    }

    pub(super) fn faint(&self, text: impl Display) -> String {
        self.styled(Style::new().dimmed(), text)
    }

    fn styled(&self, style: Style, text: impl Display) -> String {
        if self.coloured { text.style(style).to_string() } else { text.to_string() }
    }
}

/// A step of the start or the end that is going on. Dropped, it disappears without a line.
#[derive(Debug)]
pub(super) struct Step {
    console: Console,
    name: &'static str,
    bar: ProgressBar,
    begun: Duration,
}

impl Step {
    /// What the step is doing now.
    pub(super) fn now(&self, detail: impl Display) {
        self.bar.set_message(detail.to_string());
    }

    pub(super) fn done(&self, detail: impl Display) {
        self.bar.finish_and_clear();
        let took = crate::time::since_boot().saturating_sub(self.begun);
        let took = self.console.faint(format!("{:.2} s", took.as_secs_f64()));
        self.console.say(format!("{} {:NAMES$} {detail}  {took}", self.console.good("✓"), self.name));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
