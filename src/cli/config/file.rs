//! A configuration file: keys are flags, mappings are commands.

use std::collections::BTreeMap;
use std::path::Path;

use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command};
use serde_json::{Map, Value};

use super::Invalid;

/// Bytes of a file at most.
const LARGEST: u64 = 1 << 20;

/// How alike two names must be for one to be a slip of the other.
const ALIKE: f32 = 0.6;

/// The values of flags by their long names, as they would be typed.
pub(super) type Given = BTreeMap<String, Vec<String>>;

#[derive(Debug)]
pub(super) struct File {
    origin: String,
    root: Map<String, Value>,
}

/// A command with the words that lead to it, and those that it is part of.
struct Place<'a> {
    words: Vec<&'a str>,
    commands: Vec<&'a Command>,
    /// The first of them, without a word from the environment.
    deaf: &'a Command,
}

impl File {
    pub(super) fn read(path: &Path) -> Result<Self, Invalid> {
        let origin = path.display().to_string();
        let fails = |error: &dyn std::fmt::Display| Invalid(vec![format!("cannot read the configuration {origin}: {error}")]);
        let size = std::fs::metadata(path).map_err(|error| fails(&error))?.len();
        if size > LARGEST {
            return Err(fails(&format_args!("it has more than {} MiB", LARGEST >> 20)));
        }
        let text = std::fs::read_to_string(path).map_err(|error| fails(&error))?;
        Self::parse(&origin, &text)
    }

    pub(super) fn parse(origin: &str, text: &str) -> Result<Self, Invalid> {
        let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
        let root = serde_saphyr::from_str_with_options::<Value>(text, options);
        match root.map_err(|error| Invalid(vec![format!("{origin}: {error}")]))? {
            Value::Object(root) => Ok(Self { origin: origin.into(), root }),
            Value::Null => Ok(Self { origin: origin.into(), root: Map::new() }),
            _ => Err(Invalid(vec![format!("{origin}: write flags as keys, for example log-format: json")])),
        }
    }

    /// Whether every key is a flag or a command, and every value one that the flag takes.
    pub(super) fn check(&self, command: &Command) -> Result<(), Invalid> {
        let mut problems = Vec::new();
        // What the environment says is not the file's fault.
        let deaf = deaf(command.clone());
        self.check_section(&Place { words: vec![], commands: vec![command], deaf: &deaf }, &self.root, &mut problems);
        if problems.is_empty() { Ok(()) } else { Err(Invalid(problems)) }
    }

    fn check_section(&self, place: &Place<'_>, section: &Map<String, Value>, problems: &mut Vec<String>) {
        let mut typed = Vec::new();
        for (key, value) in section {
            let problem = match value {
                Value::Object(inner) => match place.command(key) {
                    Some(inside) => {
                        self.check_section(&inside, inner, problems);
                        None
                    }
                    None => Some(place.no_command(key)),
                },
                _ => place.flag(key).and_then(|arg| type_in(arg, value)).map(|words| typed.extend(words)).err(),
            };
            problems.extend(problem.map(|problem| format!("{}: {}: {problem}", self.origin, place.key(key))));
        }
        if let Some(problem) = place.refuses(typed) {
            problems.push(format!("{}: {}: {problem}", self.origin, place.name()));
        }
    }

    /// The values for one command: those of the sections that lead to it, the innermost first.
    pub(super) fn along(&self, words: &[String]) -> Given {
        let mut given = Given::new();
        let mut section = Some(&self.root);
        for word in words.iter().map(Some).chain([None]) {
            let values = section.into_iter().flatten().filter(|(_, value)| !value.is_object());
            given.extend(values.map(|(key, value)| (key.clone(), texts(value))));
            section = word.and_then(|word| section?.get(word)?.as_object());
        }
        given
    }

    /// The commands that it has sections for, each by its words.
    pub(super) fn commands(&self) -> Vec<Vec<String>> {
        fn visit(section: &Map<String, Value>, words: &[String], found: &mut Vec<Vec<String>>) {
            for (key, inner) in section.iter().filter_map(|(key, value)| Some((key, value.as_object()?))) {
                let words = [words, std::slice::from_ref(key)].concat();
                if inner.is_empty() || inner.values().any(|value| !value.is_object()) {
                    found.push(words.clone());
                }
                visit(inner, &words, found);
            }
        }
        let mut found = Vec::new();
        visit(&self.root, &[], &mut found);
        found
    }
}

impl<'a> Place<'a> {
    fn here(&self) -> Option<&'a Command> {
        self.commands.last().copied()
    }

    fn name(&self) -> String {
        if self.words.is_empty() { "at the top".into() } else { self.words.join(".") }
    }

    fn key(&self, key: &str) -> String {
        self.words.iter().copied().chain([key]).collect::<Vec<_>>().join(".")
    }

    fn command(&self, key: &str) -> Option<Self> {
        let inside = self.here()?.get_subcommands().find(|command| command.get_name() == key && !command.is_hide_set())?;
        let words = self.words.iter().copied().chain([inside.get_name()]).collect();
        Some(Self { words, commands: self.commands.iter().copied().chain([inside]).collect(), deaf: self.deaf })
    }

    fn no_command(&self, key: &str) -> String {
        let names: Vec<&str> = self.here().into_iter().flat_map(Command::get_subcommands).map(Command::get_name).collect();
        if self.flag(key).is_ok() {
            return "this is a flag and takes a value or a list, not a mapping".into();
        }
        format!("there is no such command{}", did_you_mean(key, &names))
    }

    /// The flag of this name: of this command, or of one that it is part of if it is for all of that one's.
    fn flag(&self, key: &str) -> Result<&'a Arg, String> {
        let outer = self.commands.split_last().map_or(&[][..], |(_, outer)| outer);
        let global = outer.iter().flat_map(|command| command.get_arguments()).filter(|arg| arg.is_global_set());
        let flags: Vec<&Arg> = self.here().into_iter().flat_map(Command::get_arguments).chain(global).collect();
        let Some(arg) = flags.iter().find(|arg| arg.get_long() == Some(key)) else {
            let names: Vec<&str> = flags.iter().filter(|arg| may_stand_in_a_file(arg)).filter_map(|arg| arg.get_long()).collect();
            return Err(format!("there is no such flag{}", did_you_mean(key, &names)));
        };
        if may_stand_in_a_file(arg) { Ok(arg) } else { Err("this is for the command line only".into()) }
    }

    /// What clap would say if the values had been typed.
    fn refuses(&self, typed: Vec<String>) -> Option<String> {
        let line = std::iter::once("conncentric".to_owned()).chain(self.words.iter().map(|word| (*word).to_owned())).chain(typed);
        let error = self.deaf.clone().try_get_matches_from(line).err()?;
        // Whatever is missing may be typed, or be in the environment.
        let missing = matches!(
            error.kind(),
            ErrorKind::MissingRequiredArgument | ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        );
        (!missing).then(|| said(&error))
    }
}

/// A flag that has no variable must not be set by accident, and a file is no better than an environment.
pub(super) fn may_stand_in_a_file(arg: &Arg) -> bool {
    arg.get_env().is_some() && arg.get_id() != "config"
}

/// The words that one would type for a value.
fn type_in(arg: &Arg, value: &Value) -> Result<Vec<String>, String> {
    let flag = format!("--{}", arg.get_long().unwrap_or_default());
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        return match value {
            Value::Bool(true) => Ok(vec![flag]),
            Value::Bool(false) => Ok(vec![]),
            _ => Err("write true or false".into()),
        };
    }
    let scalar = |value: &Value| !matches!(value, Value::Null | Value::Array(_) | Value::Object(_));
    let fits = match value {
        Value::Array(values) => !values.is_empty() && values.iter().all(scalar),
        value => scalar(value),
    };
    if !fits {
        return Err("write a value or a list of values, or leave the key out".into());
    }
    Ok(texts(value).into_iter().map(|text| format!("{flag}={text}")).collect())
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        value => vec![value.to_string()],
    }
}

fn did_you_mean(key: &str, names: &[&str]) -> String {
    let nearest = similar::get_close_matches(key, names, 1, ALIKE);
    nearest.first().map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"))
}

/// The same commands, deaf to the environment.
fn deaf(command: Command) -> Command {
    let commands: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let command = command.mut_args(|arg| arg.env(Resettable::Reset));
    commands.into_iter().fold(command, |command, name| command.mut_subcommand(name, deaf))
}

/// An error of clap in one line, without the advice on how to type.
pub(super) fn said(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ").trim_start_matches("error: ").to_owned()
}
