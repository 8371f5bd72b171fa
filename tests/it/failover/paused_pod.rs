//! `kill -STOP` of a pod for longer than its lease, then `-CONT`.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use super::{SLACK, assert_sound, assert_takes_part_again};
use crate::support::system::{System, document};
use crate::support::wait::{SOON, eventually, holds};

/// Says which token it runs under, twenty times a second. One write a line, so lines of two programs never mix.
const WITNESS: &str = r#"while :; do echo "$CONNCENTRIC_FENCING_TOKEN" >> "$FILE"; sleep 0.05; done"#;

/// I2: a pause is what no deadline protects from, so the venue's check of the token has to.
#[tokio::test]
async fn a_paused_pod_writes_nothing_under_its_old_tokens_and_is_fenced_when_it_comes_back() {
    let ttl = Duration::from_secs(2);
    let mut system = System::start("paused_pod", 2, 2).await;
    let file = system.folder().join("witness");
    let settings = json!({ "command": ["sh", "-c", WITNESS], "env": { "FILE": file.display().to_string() } });
    let mut documents = system.many_to_venue(3, ttl);
    documents.push(document("witness", "exec", ttl, &settings));
    let before = system.declare(&documents).await;
    let witness = "witness/0".parse().expect("a session");
    let paused = before[&witness].pod().to_owned();

    system.pod(&paused).signal(Signal::STOP);
    let after = system.until_off(ttl + SLACK, &paused).await;
    let new_token = after[&witness].token.to_string();
    eventually(SOON, async || holds(lines(&file).contains(&new_token), "the witness has not begun elsewhere")).await;

    system.pod(&paused).signal(Signal::CONT);
    system.pod(&paused).line_with("was fenced").await;
    let session = assert_takes_part_again(&system, &paused).await;
    for (moved, owner) in before.iter().filter(|(moved, owner)| owner.pod() == paused && **moved != session) {
        assert!(after[moved].token > owner.token);
    }

    // It was in the middle of its keep-alives, and looked at its deadline before it went on with them.
    let tried = system.journal().0.into_iter().filter(|line| !line.accepted).collect::<Vec<_>>();
    assert!(tried.is_empty(), "the venue had to refuse what a paused pod wrote: {tried:?}");

    // The pod was stopped all the time, so it was the guard that ended its program, before another could begin.
    let lines = lines(&file);
    let begins = lines.iter().position(|line| *line == new_token).expect("the new witness wrote");
    assert!(lines[..begins].iter().all(|line| *line == before[&witness].token.to_string()));
    assert!(!lines[begins..].contains(&before[&witness].token.to_string()), "an old program outlived its lease");
    assert_sound(&system).await;
}

fn lines(file: &std::path::Path) -> Vec<String> {
    std::fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect()
}
