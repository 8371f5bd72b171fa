//! Flags from a file: `--config FILE` for every command, and `config check`.
//!
//! A value of the file becomes the default of its flag before the command line is parsed, so that what is typed comes first, then the
//! environment, then the file, then the default of the program, without a rule of our own.

mod check;
mod file;
mod given;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Command;

use self::file::File;
pub(super) use check::ConfigArgs;

/// Names the file where the command line does not.
pub(super) const VARIABLE: &str = "CONNCENTRIC_CONFIG";

/// What is wrong with a file, one problem a line.
#[derive(Debug, thiserror::Error)]
#[error("{}", listed(.0))]
pub(super) struct Invalid(pub(super) Vec<String>);

fn listed(problems: &[String]) -> String {
    match problems {
        [problem] => problem.clone(),
        all => format!("{} problems in the configuration:\n  {}", all.len(), all.join("\n  ")),
    }
}

/// The command line with the values of the file that it names, if it names one.
///
/// # Errors
/// Fails if the file cannot be read, or says anything that no flag understands.
pub(super) fn configured(command: Command, arguments: &[OsString]) -> Result<Command, Invalid> {
    let named = may_be_named(arguments).then(|| wanted(&command, arguments)).flatten();
    let Some((path, words)) = named else { return Ok(command) };
    let file = File::read(&path)?;
    file.check(&command)?;
    let given = file.along(&words);
    Ok(given::apply(command, &words, &given))
}

/// Whether anything may name a file. Guards and most commands have none, and need not be parsed twice to find that out.
fn may_be_named(arguments: &[OsString]) -> bool {
    std::env::var_os(VARIABLE).is_some() || arguments.iter().any(|argument| argument.to_string_lossy().starts_with("--config"))
}

/// Which file, and for which command. Mistakes on the command line are left to whoever parses it in earnest.
fn wanted(command: &Command, arguments: &[OsString]) -> Option<(PathBuf, Vec<String>)> {
    let matches = command.clone().ignore_errors(true).try_get_matches_from(arguments).ok()?;
    let path = matches.get_one::<PathBuf>("config")?.clone();
    let (mut words, mut rest) = (Vec::new(), &matches);
    while let Some((name, inner)) = rest.subcommand() {
        words.push(name.to_owned());
        rest = inner;
    }
    let first = command.find_subcommand(words.first()?)?;
    // Who checks a file must not fail because of another one; guards have their whole life on their command line.
    let takes_none = first.is_hide_set() || first.get_name() == "config";
    (!takes_none).then_some((path, words))
}

#[cfg(test)]
mod tests;
