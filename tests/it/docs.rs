//! The documentation and the program say the same: whatever can be seen from outside is in the documentation by its name.
//!
//! Whether a page is *right* no test can say; that nothing is missing and no link leads nowhere one can.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use conncentric::domain::event::Event;

use crate::support::process::command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// README and its like, and everything in `docs/` and beside the chart.
fn pages() -> Vec<PathBuf> {
    let folder = |folder: PathBuf| std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path());
    let mut pages: Vec<PathBuf> = folder(root().to_owned()).chain(folder(root().join("docs"))).collect();
    pages.extend(folder(root().join("docs/runbooks")).chain(folder(root().join("charts/conncentric"))));
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    assert!(pages.len() >= 8, "{pages:?}");
    pages
}

fn sources(folder: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(root().join(folder)).expect("the folder") {
        let path = entry.expect("an entry").path();
        let inside = path.strip_prefix(root()).expect("in the repository").to_string_lossy().into_owned();
        if path.is_dir() {
            texts.extend(sources(&inside));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            texts.push(read(&inside));
        }
    }
    texts
}

/// The first string literal after each occurrence of a mark.
fn literals_after<'a>(text: &'a str, mark: &str) -> Vec<&'a str> {
    text.split(mark).skip(1).filter_map(|rest| rest.split('"').nth(1)).collect()
}

fn missing<'a>(wanted: impl IntoIterator<Item = &'a str>, said: impl Fn(&str) -> bool) -> Vec<&'a str> {
    wanted.into_iter().filter(|word| !said(word)).collect()
}

#[test]
fn every_event_type_has_a_section_with_an_example() {
    let page = read("docs/events.md");
    let documented = |kind: &str| {
        let section = page.split("\n###").find(|section| section.trim_start_matches('#').trim_start().starts_with(&format!("{kind}\n")));
        section.is_some_and(|section| section.contains("```json"))
    };
    let types = Event::TYPES.iter().map(|(kind, _)| *kind).chain(["PulseRecorded"]);
    assert_eq!(missing(types, documented), Vec::<&str>::new());
}

#[test]
fn every_field_of_every_event_is_named() {
    let page = read("docs/events.md");
    let source = read("src/domain/event/mod.rs");
    let structs = source.split("/// History that this program cannot read").next().expect("the structs come first");
    let structs = [
        structs.to_owned(),
        read("src/domain/event/action.rs"),
        read("src/domain/event/adapter.rs"),
        read("src/domain/event/epoch.rs"),
        read("src/domain/event/maintenance.rs"),
        read("src/domain/event/artifact.rs"),
        read("src/domain/event/plugin.rs"),
    ]
    .concat();
    let fields = structs.lines().filter_map(|line| line.strip_prefix("    pub ")?.split_once(':').map(|(field, _)| field));
    let fields: BTreeSet<&str> = fields.collect();
    assert!(fields.len() > 20, "{fields:?}");
    let said = |field: &str| page.contains(&format!("`{field}`")) || page.contains(&format!("\"{field}\""));
    assert_eq!(missing(fields, said), Vec::<&str>::new());
}

#[test]
fn every_problem_code_is_explained() {
    let page = read("docs/api.md");
    let refusals = read("src/domain/refusal.rs");
    let codes = refusals.split("pub fn code(").nth(1).and_then(|rest| rest.split("pub fn kind(").next()).expect("the codes");
    let http = sources("src/http");
    let of_http = http.iter().flat_map(|text| literals_after(text, "StatusCode::"));
    let is_code = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    let codes: BTreeSet<&str> = literals_after(codes, "=>").into_iter().chain(of_http).filter(is_code).collect();
    assert!(codes.len() > 30 && codes.contains("overloaded") && codes.contains("not-your-pod"), "{codes:?}");
    assert_eq!(missing(codes, |code| page.contains(&format!("| `{code}` |"))), Vec::<&str>::new());
}

#[test]
fn every_route_is_in_the_table_of_roles() {
    let page = read("docs/api.md");
    let rules = read("src/http/auth.rs");
    let rules = rules.split("const RULES").nth(1).and_then(|rest| rest.split("];").next()).expect("the table");
    let routes = rules.lines().filter_map(|line| {
        let method = line.split_once("Method::")?.1.split(',').next()?;
        Some((method, *literals_after(line, "Method::").first()?))
    });
    let routes: Vec<(&str, &str)> = routes.collect();
    assert!(routes.len() >= 25, "{routes:?}");
    let absent =
        |(method, path): &&(&str, &str)| !page.contains(&format!("`{method} {path}`")) && !page.contains(&format!("`{method} {path}?"));
    let absent: Vec<_> = routes.iter().filter(absent).collect();
    assert!(absent.is_empty(), "{absent:?}");
}

#[test]
fn every_metric_is_listed() {
    let page = read("docs/metrics.md");
    for (file, prefix) in [("src/orchestrator/metrics.rs", "conncentric"), ("src/adapter/metrics.rs", "conncentric_pod")] {
        let source = read(file);
        let names = literals_after(&source, "registry.register");
        assert!(names.len() >= 8, "{names:?}");
        assert_eq!(missing(names, |name| page.contains(&format!("`{prefix}_{name}"))), Vec::<&str>::new(), "{file}");
    }
}

#[test]
fn every_command_is_shown_at_work() {
    let pages: String = pages().iter().map(read).collect();
    let help = command().arg("--help").output().expect("the help");
    let help = String::from_utf8(help.stdout).expect("text");
    let list = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("the commands");
    let commands = list.lines().filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    let commands: Vec<&str> = commands.filter(|command| *command != "help").collect();
    assert!(commands.len() >= 13, "{commands:?}");
    let shown = |command: &str| pages.contains(&format!("conncentric {command}")) || pages.contains(&format!("-- {command}"));
    assert_eq!(missing(commands, shown), Vec::<&str>::new());
}

/// The name of a heading in a link, as the usual renderers make it.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect::<String>();
    kept.trim().replace(' ', "-")
}

#[test]
fn no_link_leads_nowhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = read(&page);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter(|target| !target.contains("://")) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { page.clone() } else { page.parent().expect("a folder").join(file) };
            let found = match std::fs::read_to_string(&file) {
                Ok(text) => {
                    heading.is_empty() || text.lines().any(|line| line.starts_with('#') && anchor(line.trim_start_matches('#')) == heading)
                }
                // Pictures are no text.
                Err(_) => heading.is_empty() && file.is_file(),
            };
            if !found {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// A test that ARCHITECTURE.md names as the one that holds an invariant must exist.
#[test]
fn every_test_that_is_named_exists() {
    let page = read("ARCHITECTURE.md");
    let table = page.split("## The invariants").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("the invariants");
    let named =
        table.split('`').skip(1).step_by(2).filter(|word| word.contains('_') && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
    let named: BTreeSet<&str> = named.collect();
    assert!(named.len() > 9, "{named:?}");
    let everything: String = sources("src").into_iter().chain(sources("tests")).collect();
    assert_eq!(missing(named, |test| everything.contains(&format!("fn {test}("))), Vec::<&str>::new());
}

#[test]
fn every_invariant_has_a_test() {
    let page = read("ARCHITECTURE.md");
    for number in 1..=9 {
        let row = page.lines().find(|line| line.starts_with(&format!("| **I{number}** |")));
        assert!(row.is_some_and(|row| row.split('|').nth(3).is_some_and(|tests| tests.contains('`'))), "I{number}: {row:?}");
    }
}
