//! Archives are what was sealed, all of it, in a series, or they are refused.

use conncentric::log::{migrate, rebuild};

use super::{Fixture, damage, fail, outcome, projections, succeed};
use crate::support::postgres::Database;
use crate::support::walk::copy_content;

/// Two archives, and events after them.
async fn twice_sealed(name: &str) -> Fixture {
    let mut fixture = Fixture::begin(name).await;
    fixture.seal(fixture.head() / 2, "a.jsonl").await;
    fixture.walk(40).await;
    fixture.seal(fixture.head(), "b.jsonl").await;
    fixture.walk(40).await;
    fixture
}

#[tokio::test]
async fn archives_are_a_series_and_come_back_from_its_end() {
    let mut fixture = twice_sealed("seal_series").await;
    let again = fixture.fail(&["seal", "--keep", "0s", "--before", "2", "--archive"], &["c.jsonl"]).await;
    assert!(again.contains("there is nothing to seal: events up to position"), "{again}");

    // In whatever order they are named; all of them, each once, and no other.
    for files in [["a.jsonl", "b.jsonl"], ["b.jsonl", "a.jsonl"]] {
        fixture.succeed(&["verify", "--archive"], &files).await;
        fixture.succeed(&["replay", "--archive"], &files).await;
    }
    let files = fixture.paths(&["a.jsonl", "b.jsonl"]);
    succeed(&fixture.database.url, &["verify", "--file"], &files).await;
    std::fs::copy(fixture.path("a.jsonl"), fixture.path("copy.jsonl")).expect("copied");
    fixture.succeed(&["export", "--from", &fixture.first_in_the_table().await.to_string(), "--output"], &["tail.jsonl"]).await;
    for (files, words) in [
        (vec!["a.jsonl"], "sealed, in the file b.jsonl (SHA-256"),
        (vec!["b.jsonl"], "positions 1 to"),
        (vec!["a.jsonl", "b.jsonl", "copy.jsonl"], "begin at the same position"),
        (vec!["a.jsonl", "b.jsonl", "tail.jsonl"], "nothing is sealed from there on"),
        (vec!["nowhere.jsonl"], "cannot open it"),
    ] {
        for command in ["verify", "replay"] {
            let refused = fixture.fail(&[command, "--archive"], &files).await;
            assert!(refused.contains(words), "{command} {files:?}: {refused}");
        }
    }

    let before = projections(&fixture.owner).await;
    let refused = fixture.fail(&["unseal"], &["a.jsonl"]).await;
    assert!(refused.contains("name b.jsonl too"), "{refused}");
    fixture.succeed(&["unseal"], &["b.jsonl"]).await;
    fixture.succeed(&["verify", "--archive"], &["a.jsonl"]).await;
    fixture.succeed(&["unseal", "--reason", "an upgrade"], &["a.jsonl"]).await;
    assert_eq!(projections(&fixture.owner).await, before);
    let report = serde_json::from_str(&fixture.succeed(&["verify", "-o", "json"], &[]).await).expect("JSON");
    assert_eq!(outcome(&report, "rows"), "sound");
    let kept = "select (select count(*) from sealed_moment) + (select count(*) from sealed_registration)";
    assert_eq!(fixture.owner.query_one(kept, &[]).await.expect("counts").get::<_, i64>(0), 0);
    let refused = fixture.fail(&["verify", "--archive"], &["a.jsonl"]).await;
    assert!(refused.contains("nothing of this log is sealed"), "{refused}");
    rebuild(&fixture.database.url, |_| {}).await.expect("rebuilds");
    assert_eq!(projections(&fixture.owner).await, before);

    // What came back can be sealed again.
    fixture.catch_up().await;
    fixture.seal(fixture.head(), "d.jsonl").await;
    fixture.walk(20).await;
    fixture.succeed(&["verify", "--archive"], &["d.jsonl"]).await;
}

#[tokio::test]
async fn what_needs_all_events_says_where_they_are() {
    let fixture = twice_sealed("seal_needs").await;
    let refused = rebuild(&fixture.database.url, |_| {}).await.expect_err("refused").to_string();
    assert!(refused.contains("run `conncentric unseal a.jsonl b.jsonl` first"), "{refused}");

    // As if another version of the program had built the projections: a migration that changes nothing yet.
    fixture.owner.batch_execute("create table kept as select hash from projection_version").await.expect("the owner may");
    fixture.owner.batch_execute("update projection_version set hash = 'another'").await.expect("the owner may");
    let refused = migrate(&fixture.database.url).await.expect_err("refused").to_string();
    assert!(refused.contains("are sealed; run `conncentric unseal"), "{refused}");
    fixture.succeed(&["unseal"], &["a.jsonl", "b.jsonl"]).await;
    assert!(migrate(&fixture.database.url).await.expect("migrates").rebuilt);
    fixture.succeed(&["verify"], &[]).await;
}

#[tokio::test]
async fn archives_are_exports_that_the_rest_continues() {
    let fixture = twice_sealed("seal_export").await;
    let refused = fixture.fail(&["export", "--output"], &["all.jsonl"]).await;
    assert!(refused.contains("are sealed, in b.jsonl, which is such a file already; export --from"), "{refused}");
    let from = refused.split("--from ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a position");
    fixture.succeed(&["export", "--from", from, "--output"], &["rest.jsonl"]).await;
    let files = fixture.paths(&["a.jsonl", "b.jsonl", "rest.jsonl"]);
    succeed(&fixture.database.url, &["verify", "--file"], &files).await;

    // Read back into an empty database, nothing of it is sealed.
    let restored = Database::create("seal_restored").await;
    succeed(&restored.url, &["import"], &files).await;
    copy_content(&fixture.database, &restored).await;
    succeed(&restored.url, &["verify"], &[]).await;
    assert_eq!(projections(&restored.connect().await).await, projections(&fixture.owner).await);
}

#[tokio::test]
async fn a_changed_byte_is_found_with_its_position() {
    let mut fixture = twice_sealed("seal_damage").await;
    let whole = std::fs::read(fixture.path("a.jsonl")).expect("the file");
    for round in 0..40 {
        let at = usize::try_from(fixture.walk.random(u32::try_from(whole.len()).expect("small"))).expect("small");
        std::fs::write(fixture.path("a.jsonl"), &whole).expect("written");
        let line = damage(&fixture.path("a.jsonl"), at);
        for command in ["verify", "replay"] {
            let found = fixture.fail(&[command, "--archive"], &["a.jsonl", "b.jsonl"]).await;
            // A line that holds a line break now is two.
            let named = [line, line + 1].map(|line| found.contains(&format!("a.jsonl, line {line}, ")));
            assert!(named.contains(&true) && found.contains("position"), "round {round}, byte {at}, {command}: {found}");
        }
    }
    // A file that is sound in itself, and not the one that was sealed: the header does not stand in the chain.
    let text = String::from_utf8(whole).expect("text");
    let (first, rest) = text.split_once('\n').expect("a header");
    let version = format!("\"program_version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    let first = first.replace(&version, "\"program_version\":\"9.9.9\"");
    let lines = format!("{first}\n{rest}");
    let (body, end) = lines.trim_end().rsplit_once('\n').expect("an end");
    let body = format!("{body}\n");
    let sha256 = data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest(body.as_bytes()));
    let (start, _) = end.split_once("\"sha256\":\"").expect("a sum");
    std::fs::write(fixture.path("a.jsonl"), format!("{body}{start}\"sha256\":\"{sha256}\"}}}}\n")).expect("written");
    let found = fixture.fail(&["verify", "--archive"], &["a.jsonl", "b.jsonl"]).await;
    assert!(found.contains("its SHA-256 is"), "{found}");
    let found = fixture.fail(&["unseal"], &["a.jsonl", "b.jsonl"]).await;
    assert!(found.contains("its SHA-256 is"), "{found}");
}

/// A projection that says otherwise about the archives than the log does.
#[tokio::test]
async fn what_is_kept_of_sealed_events_is_verified_too() {
    let fixture = twice_sealed("seal_kept").await;
    let files = fixture.paths(&["a.jsonl", "b.jsonl"]);
    for (edit, undo, words) in [
        (
            "update projection.ledger_archive set file = 'other.jsonl' where first_position = 1",
            "update projection.ledger_archive set file = 'a.jsonl' where first_position = 1",
            "ledger_archive",
        ),
        (
            "update sealed_moment set recorded_at = recorded_at + interval '1 s' where first_position = 1",
            "update sealed_moment set recorded_at = recorded_at - interval '1 s' where first_position = 1",
            "sealed_moment",
        ),
        (
            "update sealed_registration set registration = -1 where registration = 1",
            "update sealed_registration set registration = 1 where registration = -1",
            "sealed_registration",
        ),
        ("insert into sealed_moment values (0, 0, 1, '2020-01-01')", "delete from sealed_moment where first_position = 0", "sealed_moment"),
        ("delete from sealed_moment where first_position = 1", "select", "sealed_moment"),
    ] {
        fixture.owner.batch_execute(edit).await.expect("the owner may");
        let found = fail(&fixture.database.url, &["verify", "--archive"], &files).await;
        assert!(found.contains(words), "{edit}: {found}");
        fixture.owner.batch_execute(undo).await.expect("the owner may");
    }
}
