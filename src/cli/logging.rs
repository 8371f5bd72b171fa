//! Log lines on standard error.

use std::io::{self, IsTerminal};

use clap::ValueEnum;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum LogFormat {
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Lines that wait to be written at most. Beyond it they are dropped.
const WAITING: usize = 16_384;

/// Services tell what they do; commands for people speak only when something is wrong. What is given back writes the last lines when
/// it is dropped.
pub(super) fn start(format: LogFormat, service: bool) -> Option<WorkerGuard> {
    let default = if service { "info" } else { "warn" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    if !service {
        write_to(io::stderr, format, filter);
        return None;
    }
    // Whoever reads the log may stand still, and a full pipe must not hold up heartbeats.
    let (lines, guard) = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(WAITING).finish(io::stderr());
    write_to(lines, format, filter);
    Some(guard)
}

fn write_to(writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static, format: LogFormat, filter: EnvFilter) {
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    match format {
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().init(),
    }
}
