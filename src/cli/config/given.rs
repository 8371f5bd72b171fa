//! Values of a file as defaults of their flags.

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use super::file::Given;

/// Makes the values defaults of the flags of the command that these words lead to, and of those that it is part of.
pub(super) fn apply(command: Command, words: &[String], given: &Given) -> Command {
    let here: Vec<String> =
        command.get_arguments().filter_map(Arg::get_long).filter(|long| given.contains_key(*long)).map(str::to_owned).collect();
    let command = here.into_iter().fold(command, |command, long| {
        let id = command.get_arguments().find(|arg| arg.get_long() == Some(&long)).map(|arg| arg.get_id().clone());
        let values = given.get(&long).cloned().unwrap_or_default();
        // A flag that has a default is never missing.
        match id {
            Some(id) => command.mut_arg(id, |arg| arg.default_values(values).required(false)),
            None => command,
        }
    });
    match words.split_first() {
        Some((word, rest)) => command.mut_subcommand(word, |inner| apply(inner, rest, given)),
        None => command,
    }
}

/// Where the value of a flag comes from, in words.
pub(super) fn origin(matches: &ArgMatches, arg: &Arg, given: &Given) -> Option<String> {
    match matches.value_source(arg.get_id().as_str())? {
        ValueSource::EnvVariable => Some(format!("environment {}", arg.get_env()?.to_string_lossy())),
        ValueSource::CommandLine => Some("command line".into()),
        _ if arg.get_long().is_some_and(|long| given.contains_key(long)) => Some("file".into()),
        _ => Some("default".into()),
    }
}
