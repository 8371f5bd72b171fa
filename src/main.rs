//! The one binary: reads the command line, starts what the command needs, and turns the outcome into an exit code.

use std::process::ExitCode;

use clap::Parser;
use conncentric::cli::{Cli, report};

fn main() -> ExitCode {
    let cli = Cli::parse();
    report::exit_code(cli.run())
}
