//! `completions`: a script that lets a shell complete our commands and flags.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, output};

/// Prints a completion script for a shell.
///
/// Example: conncentric completions bash > ~/.local/share/bash-completion/completions/conncentric
#[derive(Debug, clap::Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl CompletionsArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "conncentric", &mut script);
        output::line(String::from_utf8_lossy(&script).trim_end())
    }
}
