//! The house rules, checked over the source text: what must be absent, where things live, and that nothing is left lying about.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::support::source::{Source, looks_like_sql};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files under a folder of the project whose name ends so, sorted, with their text.
fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                // What npm and Vite put beside the Portal's source is not ours.
                if !path.ends_with("node_modules") && !path.ends_with("dist") {
                    folders.push(path);
                }
            } else if path.file_name().is_some_and(|name| name == "schema.d.ts") {
                // Generated from the description of the API.
            } else if path.extension().is_some_and(|given| given == extension) {
                let name = path.strip_prefix(root()).expect("ours").display().to_string();
                found.push((name, std::fs::read_to_string(&path).expect("text")));
            }
        }
    }
    found.sort();
    found
}

/// The source without its unit tests, which stand at the end of a file or in files of their own.
fn without_tests(name: &str, text: &str) -> String {
    if name.ends_with("/tests.rs") || name.contains("/tests/") {
        return String::new();
    }
    text.split_once("\n#[cfg(test)]\nmod tests {").map_or(text, |(code, _)| code).to_owned()
}

fn module_of(name: &str) -> &str {
    let inside = name.strip_prefix("src/").expect("a source");
    inside.split('/').next().expect("a module").trim_end_matches(".rs")
}

/// Fails with all of what is wrong, one a line.
#[track_caller]
fn none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

/// Which of our modules each may use. `cli` is wiring and may use all.
const MAY_USE: &[(&str, &[&str])] = &[
    ("adapter", &["client", "connector", "domain", "plugin", "time", "trace", "wire"]),
    ("audit", &["domain", "log", "wire"]),
    ("client", &["wire"]),
    ("connector", &["domain", "time", "wire"]),
    ("dev", &["client", "domain", "time", "wire"]),
    ("doctor", &["log", "time"]),
    ("domain", &[]),
    ("http", &["audit", "domain", "log", "orchestrator", "plugin", "time", "trace", "wire"]),
    ("limits", &[]),
    ("log", &["domain", "wire"]),
    ("orchestrator", &["domain", "log", "trace", "wire"]),
    ("plugin", &["domain"]),
    // Tests of the pure parts of all sides together.
    ("simulation", &["adapter", "connector", "domain", "http", "log", "orchestrator", "wire"]),
    ("time", &[]),
    ("trace", &["domain", "time"]),
    ("wire", &["domain"]),
];

/// Wiring that stands elsewhere than in `cli`.
const WIRING: &[(&str, &str)] = &[
    // One process: the core, and the server in front of it.
    ("src/orchestrator/run.rs", "http"),
    ("src/orchestrator/run.rs", "plugin"),
];

#[test]
fn modules_depend_in_one_direction() {
    let rules: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let mut violations = Vec::new();
    for (name, text) in files("src", "rs") {
        let module = module_of(&name);
        if matches!(module, "lib" | "main" | "cli") {
            continue;
        }
        let Some(allowed) = rules.get(module) else {
            violations.push(format!("{name}: say in MAY_USE what the module {module} may use"));
            continue;
        };
        let code = Source::read(&text).code;
        let paths = code.match_indices("crate::").map(|(at, path)| &code[at + path.len()..]);
        for used in paths {
            if used.starts_with('{') {
                violations.push(format!("{name}: name modules one by one: use crate::{{…}} hides them"));
            }
            let end = used.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(used.len());
            let used = &used[..end];
            if used != module && !allowed.contains(&used) && !WIRING.contains(&(&name, used)) && !used.is_empty() {
                violations.push(format!("{name}: {module} must not use {used}"));
            }
        }
    }
    none(&violations);
}

/// Time, identity and randomness come in as arguments, and nothing goes out: the domain has no I/O, no clock, no dice.
#[test]
fn the_domain_is_pure() {
    let banned = [
        "tokio",
        "std::net",
        "std::fs",
        "std::io",
        "std::env",
        "std::process",
        "std::thread",
        "Instant",
        "SystemTime",
        "Utc::now",
        "Local::now",
        "rand::",
        "getrandom",
        "new_v4",
        "now_v7",
        "async ",
        "tokio_postgres",
        "reqwest",
        "axum",
        "tracing",
        "rustix",
    ];
    let mut violations = Vec::new();
    for (name, text) in files("src/domain", "rs") {
        let code = Source::read(&text).code;
        violations.extend(banned.iter().filter(|banned| code.contains(*banned)).map(|banned| format!("{name}: {banned}")));
    }
    none(&violations);
}

/// Pods reach the system over HTTP only, whatever runs on them.
#[test]
fn pods_never_touch_the_database() {
    let mut violations = Vec::new();
    for folder in ["src/adapter", "src/connector", "src/client", "src/wire"] {
        for (name, text) in files(folder, "rs") {
            let code = Source::read(&text).code;
            let banned = ["tokio_postgres", "postgres_types", "deadpool", "refinery"];
            violations.extend(banned.iter().filter(|banned| code.contains(*banned)).map(|banned| format!("{name}: {banned}")));
        }
    }
    none(&violations);
}

/// Texts outside `src/log` that look like SQL and are not carried out.
const NOT_CARRIED_OUT: &[(&str, &str)] = &[
    // What the demo tells people to try in psql.
    ("src/dev/report.rs", "psql "),
];

fn is_for_show(name: &str, text: &str) -> bool {
    NOT_CARRIED_OUT.iter().any(|(file, start)| *file == name && text.starts_with(start))
}

/// SQL is in files, and what sends it is in `src/log`; the demo makes its database and roles with files of its own.
#[test]
fn sql_is_written_in_src_log_only() {
    let mut violations = Vec::new();
    for (name, text) in files("src", "rs") {
        if name.starts_with("src/log/") {
            continue;
        }
        for (line, text) in Source::read(&without_tests(&name, &text)).texts {
            if looks_like_sql(&text) && !is_for_show(&name, &text) {
                violations.push(format!("{name}:{line}: \"{text}\""));
            }
        }
    }
    none(&violations);
}

/// Rust is not where SQL is put together either.
#[test]
fn no_sql_is_assembled() {
    let mut violations = Vec::new();
    for (name, text) in files("src", "rs") {
        let source = without_tests(&name, &text);
        for (line, text) in Source::read(&source).texts {
            if looks_like_sql(&text) && text.contains('{') && !is_for_show(&name, &text) {
                violations.push(format!("{name}:{line}: \"{text}\""));
            }
        }
    }
    none(&violations);
}

/// A projection is worked out from the event table and from nothing else, so that it comes out the same each time.
#[test]
fn projections_are_pure() {
    let banned = [
        "now(",
        "clock_timestamp",
        "statement_timestamp",
        "transaction_timestamp",
        "current_timestamp",
        "current_date",
        "random",
        "nextval",
        "uuid_generate",
        "gen_random",
        "serial",
        "generated always as identity",
    ];
    let mut violations = Vec::new();
    for (name, text) in files("projections", "sql") {
        let text: String = text.lines().filter(|line| !line.trim_start().starts_with("--")).map(str::to_lowercase).collect();
        violations.extend(banned.iter().filter(|banned| text.contains(*banned)).map(|banned| format!("{name}: {banned}")));
    }
    none(&violations);
}

#[test]
fn every_sql_file_is_used() {
    let rust: BTreeMap<String, String> = files("src", "rs").into_iter().collect();
    let mut violations = Vec::new();
    for (name, _) in files("src", "sql") {
        let (folder, file) = name.rsplit_once('/').expect("a folder");
        let owner = folder.strip_suffix("/sql").unwrap_or(folder);
        let stem = file.strip_suffix(".sql").expect("an ending");
        let of_the_owner = rust.iter().filter(|(rust, _)| rust.starts_with(&format!("{owner}/")));
        let named = [format!("\"{stem}\""), format!("sql/{file}\"")];
        if !of_the_owner.into_iter().any(|(_, text)| named.iter().any(|named| text.contains(named))) {
            violations.push(format!("{name}: nothing in {owner} names it"));
        }
    }
    let statements = &rust["src/log/sql.rs"];
    let all: String = rust.values().map(String::as_str).collect();
    for constant in statements.lines().filter_map(|line| line.trim().split_once(" = \"")).map(|(constant, _)| constant) {
        let constant = constant.trim_start_matches("pub const ");
        if !constant.contains(' ') && !all.contains(&format!("sql::{constant}")) {
            violations.push(format!("src/log/sql.rs: nothing uses {constant}"));
        }
    }
    let migrate = rust.values().find(|text| text.contains("PROJECTIONS: &[")).expect("the list of projections");
    for (name, _) in files("projections", "sql") {
        if !migrate.contains(&format!("../{name}\"")) {
            violations.push(format!("{name}: it is not in the list of projections"));
        }
    }
    for (name, _) in files("schema", "sql") {
        let file = name.trim_start_matches("schema/");
        let version = file.strip_prefix('V').and_then(|rest| rest.split_once("__")).map(|(version, _)| version.parse::<u32>());
        if !matches!(version, Some(Ok(_))) {
            violations.push(format!("{name}: migrations are named V1__what_it_does.sql, or nobody applies them"));
        }
    }
    none(&violations);
}

/// What is written by hand, by folder and ending.
const SOURCES: &[(&str, &str)] = &[
    ("src", "rs"),
    ("src", "js"),
    ("src", "ts"),
    ("src", "tsx"),
    ("src", "sql"),
    ("tests", "rs"),
    ("schema", "sql"),
    ("projections", "sql"),
];

/// Lines of one file at most.
const LONGEST: usize = 400;

/// Files that are longer, each with its reason.
const LONGER: &[(&str, &str)] = &[];

/// A file that needs a table of contents is two files.
#[test]
fn files_are_short() {
    let excused: BTreeSet<&str> = LONGER.iter().map(|(name, _)| *name).collect();
    let mut violations = Vec::new();
    for (folder, extension) in SOURCES.iter().copied().chain([("src", "css")]) {
        for (name, text) in files(folder, extension) {
            let lines = text.lines().count();
            if (lines > LONGEST) != excused.contains(name.as_str()) {
                violations.push(format!("{name}: {lines} lines"));
            }
        }
    }
    none(&violations);
}

#[test]
fn every_file_says_what_is_inside() {
    let mut violations = Vec::new();
    for folder in ["src", "tests"] {
        for (name, text) in files(folder, "rs") {
            if !text.starts_with("//!") && !name.ends_with("/tests.rs") {
                violations.push(format!("{name}: it begins without a word on what is inside"));
            }
        }
    }
    none(&violations);
}

/// The Portal has the public HTTP API and nothing else: no page makes markup from text, asks anybody but the server that it came from,
/// or knows a route that is not described.
#[test]
fn the_portal_only_talks_to_its_server() {
    // Where the requests are made. Elsewhere nobody fetches.
    let fetchers = ["client.ts", "stream.ts", "queries.ts", "sign-in.tsx"];
    let mut violations = Vec::new();
    for (name, text) in files("src/portal/src", "ts").into_iter().chain(files("src/portal/src", "tsx")) {
        let markup = ["dangerouslySetInnerHTML", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"];
        violations.extend(markup.iter().filter(|banned| text.contains(*banned)).map(|banned| format!("{name}: {banned}")));
        let elsewhere = ["http://", "https://", "XMLHttpRequest", "WebSocket", "EventSource(", "sendBeacon", "import(\"http"];
        if !name.ends_with(".test.ts") {
            // Only the old way of making requests says how far an upload is.
            let allowed = |banned: &&&str| **banned == "XMLHttpRequest" && name.ends_with("/api/upload.ts");
            violations.extend(
                elsewhere.iter().filter(|banned| text.contains(**banned) && !allowed(banned)).map(|banned| format!("{name}: {banned}")),
            );
        }
        if text.replace("refetch(", "").contains("fetch(") && !fetchers.iter().any(|fetcher| name.ends_with(&format!("/{fetcher}"))) {
            violations.push(format!("{name}: requests are made in src/portal/src/api"));
        }
    }
    let lock = std::fs::read_to_string(root().join("src/portal/package-lock.json")).expect("the lock file");
    let addresses = lock.lines().filter(|line| line.contains("\"resolved\":"));
    violations.extend(addresses.map(|line| format!("package-lock.json: {}", line.trim())));
    none(&violations);
}

/// Design notes are written down where they are looked for, and lints are answered with a reason.
#[test]
fn nothing_is_left_for_later() {
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X"].concat(), ["HA", "CK"].concat()];
    let mut violations = Vec::new();
    for (folder, extension) in SOURCES.iter().copied().chain([("src", "sh")]) {
        for (name, text) in files(folder, extension) {
            for (number, line) in text.lines().enumerate() {
                let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
                if words.iter().any(|word| marks.iter().any(|mark| mark == word)) {
                    violations.push(format!("{name}:{}: {}", number + 1, line.trim()));
                }
            }
        }
    }
    for (name, text) in files("src", "rs") {
        // An expectation complains when it is no longer needed; a permission stays for ever.
        let permissions = Source::read(&text).code.matches("[allow(").count();
        violations.extend((permissions > 0).then(|| format!("{name}: write #[expect(…, reason)], not allow")));
    }
    none(&violations);
}
