//! The one binary: reads the command line, starts what the command needs, and turns the outcome into an exit code.

use std::process::ExitCode;

use conncentric::cli::{Cli, report};

fn main() -> ExitCode {
    report::exit_code(Cli::read().and_then(Cli::run))
}
