//! Adapter documents, from files to values: read, parsed, and checked one and all.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::name::AdapterName;
use crate::wire::adapter::AdapterDocument;

/// Bytes of one file at most. An orchestrator takes 1 MiB for one adapter.
const LARGEST: u64 = 32 << 20;

/// A text and where it came from.
#[derive(Debug)]
pub(super) struct Source {
    origin: String,
    text: String,
}

/// One document of a source, with its place in it counted from 1.
struct Located<'a> {
    origin: &'a str,
    number: usize,
    value: Value,
}

/// Every problem of the input, one a line.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0)]
pub(super) struct Invalid(String);

impl Invalid {
    fn of(problems: &[String]) -> Self {
        match problems {
            [problem] => Self(problem.clone()),
            all => Self(format!("{} problems in the documents, so nothing was changed:\n  {}", all.len(), all.join("\n  "))),
        }
    }
}

/// Reads files, the documents of folders, and standard input for `-`.
pub(super) fn read(files: &[String]) -> anyhow::Result<Vec<Source>> {
    let mut sources = Vec::new();
    for file in files {
        let path = Path::new(file);
        if file == "-" {
            sources.push(Source { origin: "standard input".into(), text: read_bounded(std::io::stdin().lock(), "standard input")? });
        } else if path.is_dir() {
            sources.extend(read_folder(path)?);
        } else {
            sources.push(read_file(path)?);
        }
    }
    Ok(sources)
}

fn read_folder(folder: &Path) -> anyhow::Result<Vec<Source>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    paths.retain(|path| path.is_file() && has_extension(path, &["yaml", "yml", "json"]));
    paths.sort();
    anyhow::ensure!(!paths.is_empty(), "{} has no .yaml, .yml or .json file", folder.display());
    paths.iter().map(|path| read_file(path)).collect()
}

fn has_extension(path: &Path, wanted: &[&str]) -> bool {
    path.extension().is_some_and(|extension| wanted.iter().any(|wanted| extension == *wanted))
}

fn read_file(path: &Path) -> anyhow::Result<Source> {
    let origin = path.display().to_string();
    let file = std::fs::File::open(path).with_context(|| format!("cannot read {origin}"))?;
    Ok(Source { text: read_bounded(file, &origin)?, origin })
}

fn read_bounded(input: impl Read, origin: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    input.take(LARGEST + 1).read_to_string(&mut text).with_context(|| format!("cannot read {origin}"))?;
    anyhow::ensure!(text.len() as u64 <= LARGEST, "{origin} has more than {} MiB; split it", LARGEST >> 20);
    Ok(text)
}

/// Parses and checks all documents. A name may be declared only once in all of the input.
///
/// # Errors
/// Names every problem of every document, as `file:document N (name): field: problem`.
pub(super) fn parse(sources: &[Source]) -> Result<Vec<AdapterDocument>, Invalid> {
    let mut problems = Vec::new();
    let mut documents = Vec::new();
    let mut declared = BTreeMap::<AdapterName, String>::new();
    for source in sources {
        match values(source) {
            Ok(values) => {
                for (index, value) in values.into_iter().enumerate() {
                    let located = Located { origin: &source.origin, number: index + 1, value };
                    match located.check(&mut declared) {
                        Ok(document) => documents.push(document),
                        Err(problem) => problems.push(problem),
                    }
                }
            }
            Err(problem) => problems.push(format!("{}: {problem}", source.origin)),
        }
    }
    if documents.is_empty() && problems.is_empty() {
        problems.push("there is no adapter document in the input".into());
    }
    if problems.is_empty() { Ok(documents) } else { Err(Invalid::of(&problems)) }
}

/// The documents of a source as plain values; empty ones are skipped.
fn values(source: &Source) -> Result<Vec<Value>, String> {
    let text = source.text.trim_start_matches('\u{feff}');
    let looks_like_json = text.trim_start().starts_with(['{', '[']);
    let is_yaml = has_extension(Path::new(&source.origin), &["yaml", "yml"]);
    if looks_like_json {
        match json_values(text) {
            // A YAML file may begin with a brace too.
            Err(_) if is_yaml => {}
            outcome => return outcome.map_err(|error| error.to_string()),
        }
    }
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    serde_saphyr::from_multiple_with_options(text, options).map_err(|error| error.to_string())
}

/// One object, an array, JSON Lines, or any sequence of these.
fn json_values(text: &str) -> Result<Vec<Value>, serde_json::Error> {
    let mut all = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter() {
        match value? {
            Value::Array(items) => all.extend(items),
            value => all.push(value),
        }
    }
    Ok(all)
}

impl Located<'_> {
    fn check(self, declared: &mut BTreeMap<AdapterName, String>) -> Result<AdapterDocument, String> {
        let name = self.value.get("name").and_then(Value::as_str).map(|name| format!(" ({})", name.escape_debug()));
        let place = format!("{}:document {}{}", self.origin, self.number, name.unwrap_or_default());
        let problem = |problem: &dyn Display| format!("{place}: {problem}");
        if !self.value.is_object() {
            return Err(problem(&"not an adapter document; one begins with name, connector and mode"));
        }
        let document: AdapterDocument = read_fields(self.value).map_err(|error| problem(&error))?;
        document.clone().into_spec().map_err(|invalid| problem(&invalid))?;
        match declared.insert(document.name.clone(), place.clone()) {
            Some(first) => Err(problem(&format!("name: {} is declared already, in {first}", document.name))),
            None => Ok(document),
        }
    }
}

/// The message names the field by its path.
fn read_fields<T: for<'de> Deserialize<'de>>(value: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| match error.path().to_string().as_str() {
        "." => error.inner().to_string(),
        field => format!("{field}: {}", error.inner()),
    })
}

#[cfg(test)]
mod tests;
