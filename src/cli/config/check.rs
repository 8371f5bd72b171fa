//! `config check`: whether a file is right, and what a command would run with.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, Subcommand};
use serde::Serialize;

use super::Invalid;
use super::file::{File, Given, may_stand_in_a_file, said};
use super::given::{apply, origin};
use crate::cli::Cli;
use crate::cli::output::{self, Format, FormatArgs};
use crate::cli::table::{Table, optional, text};

/// Checks a configuration file.
///
/// Example: conncentric config check conncentric.yaml --for orchestrator
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ConfigArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Check(CheckArgs),
}

/// Says whether a file is right, and which values a command would have, each with where it comes from. Runs nothing.
///
/// The environment counts as it is here, so run it where the command will run. Exit code 1 if anything is wrong. Secrets are not shown.
///
/// Example: conncentric config check conncentric.yaml --for orchestrator
#[derive(Debug, clap::Args)]
struct CheckArgs {
    /// The file that the command would be given with --config
    file: PathBuf,

    /// Show this command, for example orchestrator or "get sessions". Without it, each that the file has a section for
    #[arg(long = "for", env = "CONNCENTRIC_FOR", value_name = "COMMAND")]
    command: Option<String>,

    #[command(flatten)]
    format: FormatArgs,
}

/// What one command would run with.
#[derive(Debug, Serialize)]
pub(super) struct Effective {
    command: String,
    values: Vec<EffectiveValue>,
}

#[derive(Debug, Serialize)]
struct EffectiveValue {
    flag: String,
    variable: String,
    /// Absent if it has none; `(hidden)` if it is a secret.
    value: Option<String>,
    from: Option<String>,
}

impl ConfigArgs {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let Action::Check(CheckArgs { file, command, format }) = self.action;
        let effective = check(&Cli::command(), &File::read(&file)?, command.as_deref())?;
        match format.output {
            Format::Json => output::json(&serde_json::to_string(&effective)?),
            Format::Table => output::line(&effective.iter().map(table).collect::<Vec<_>>().join("\n\n")),
        }
    }
}

/// What each command would run with, or all that is wrong.
pub(super) fn check(command: &Command, file: &File, only: Option<&str>) -> Result<Vec<Effective>, Invalid> {
    file.check(command)?;
    let commands = match only {
        Some(words) => vec![words.split_whitespace().map(str::to_owned).collect()],
        None => Some(file.commands()).filter(|commands| !commands.is_empty()).unwrap_or_else(|| vec![vec![]]),
    };
    let mut problems = Vec::new();
    let mut all = Vec::new();
    for words in commands {
        match effective(command, file, &words) {
            Ok(effective) => all.push(effective),
            Err(Invalid(found)) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(Invalid(problems)) }
}

fn effective(command: &Command, file: &File, words: &[String]) -> Result<Effective, Invalid> {
    let name = words.join(" ");
    let flags = flags_of(command, words).ok_or_else(|| Invalid(vec![format!("there is no command \"{name}\"")]))?;
    let given = file.along(words);
    let configured = apply(command.clone(), words, &given);
    let line: Vec<String> = std::iter::once("conncentric".to_owned()).chain(words.iter().cloned()).collect();
    let mut problems = Vec::new();
    if let Err(error) = configured.clone().try_get_matches_from(&line)
        && matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue)
    {
        // The file has been checked, so it is the environment.
        problems.push(format!("{name}: {}", said(&error)));
    }
    let matches = configured.ignore_errors(true).try_get_matches_from(&line).map_err(|error| Invalid(vec![said(&error)]))?;
    let matches = words.iter().try_fold(&matches, |matches, word| matches.subcommand_matches(word)).unwrap_or(&matches);
    let values: Vec<EffectiveValue> = flags.iter().map(|arg| value(matches, arg, &given)).collect();
    let missing = flags.iter().zip(&values).filter(|(arg, value)| arg.is_required_set() && value.value.is_none());
    problems.extend(
        missing.map(|(_, EffectiveValue { flag, variable, .. })| {
            format!("{name}: {flag} is missing: write it into the file, or set {variable}")
        }),
    );
    if problems.is_empty() { Ok(Effective { command: name, values }) } else { Err(Invalid(problems)) }
}

/// The flags of a command that may stand in a file, those of the commands that it is part of last.
fn flags_of(command: &Command, words: &[String]) -> Option<Vec<Arg>> {
    let mut commands = vec![command];
    for word in words {
        commands.push(commands.last()?.get_subcommands().find(|command| command.get_name() == word)?);
    }
    let (here, outer) = commands.split_last()?;
    let global = outer.iter().rev().flat_map(|command| command.get_arguments()).filter(|arg| arg.is_global_set());
    Some(here.get_arguments().chain(global).filter(|arg| may_stand_in_a_file(arg) && arg.get_long().is_some()).cloned().collect())
}

fn value(matches: &ArgMatches, arg: &Arg, given: &Given) -> EffectiveValue {
    let id = arg.get_id().as_str();
    let raw = matches.try_get_raw(id).ok().flatten();
    let shown = raw.map(|raw| raw.map(|text| text.to_string_lossy().into_owned()).collect::<Vec<_>>().join(","));
    // A switch that nobody has touched has no text.
    let shown = shown.or_else(|| matches!(arg.get_action(), ArgAction::SetTrue).then(|| "false".into()));
    let hidden = arg.is_hide_env_values_set();
    EffectiveValue {
        flag: arg.get_long().unwrap_or(id).to_owned(),
        variable: arg.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        value: shown.map(|value| if hidden { "(hidden)".into() } else { value }),
        from: origin(matches, arg, given),
    }
}

fn table(effective: &Effective) -> String {
    let command = if effective.command.is_empty() { "ANY COMMAND".into() } else { effective.command.to_uppercase() };
    let mut table = Table::new(&[&command, "VALUE", "FROM"]);
    for EffectiveValue { flag, value, from, .. } in &effective.values {
        table.row([text(flag), optional(value.as_ref()), optional(from.as_ref())]);
    }
    table.render()
}
