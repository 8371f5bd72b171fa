//! The run itself, short as a test and as long as one likes with `make chaos`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::report::Report;
use crate::{checker, run, schedule, witness};

/// What `cargo test` runs: the seed whose first minute holds the most kinds of faults.
const SEED: u64 = 188;
const SHORT: Duration = Duration::from_secs(58);

/// I1 to I9 under every kind of fault. `CHAOS_SECONDS`, `CHAOS_SEED` and `CHAOS_ONLY` (part of the name of a fault) choose another
/// run; `CHAOS_REPORT` names a file for the report as JSON, and `CHAOS_UNTIL_FOUND` says which violations end the run when they are
/// found, as the second line of a planted bug has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_breaks_the_rules() {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let seed = set("CHAOS_SEED").map_or(SEED, |seed| seed.parse().expect("CHAOS_SEED is a number"));
    let lasts = set("CHAOS_SECONDS").map_or(SHORT, |seconds| Duration::from_secs(seconds.parse().expect("CHAOS_SECONDS is a number")));
    let only = set("CHAOS_ONLY");
    println!("chaos for {} s with seed {seed}", lasts.as_secs());
    let planned = schedule::plan(seed, lasts, only.as_deref());
    let evidence = run::run(seed, &planned, set("CHAOS_UNTIL_FOUND").as_deref()).await;
    let violations = checker::judge(&evidence, only.is_none());
    let report = Report::new(seed, &evidence, violations);
    println!("{}", report.table());
    if let Some(file) = set("CHAOS_REPORT") {
        std::fs::write(&file, report.json()).expect("written");
    }
    let folder = evidence.folder.display();
    assert!(report.violations.is_empty(), "seed {seed} broke the rules; its logs and timeline are in {folder}");
    std::fs::remove_dir_all(&evidence.folder).expect("removed");
}

/// A planted bug that does not apply any more proves nothing.
#[test]
fn every_planted_bug_still_applies() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let patches = std::fs::read_dir(root.join("tests/chaos/planted")).expect("the folder").map(|entry| entry.expect("an entry").path());
    let patches: Vec<_> = patches.filter(|path| path.extension().is_some_and(|extension| extension == "patch")).collect();
    assert!(patches.len() >= 20, "{}", patches.len());
    for patch in patches {
        let output = Command::new("git").args(["apply", "--check"]).arg(&patch).current_dir(root).output().expect("git runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} does not apply to the source as it is: {said}", patch.display());
    }
}

#[tokio::test]
#[ignore = "a process that the run starts, and no test"]
async fn the_witness() {
    witness::run().await;
}
