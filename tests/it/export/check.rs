//! Files that say what the database says, and files that somebody has been at.

use conncentric::audit::export::check_file;
use serde_json::Value;

use super::{Fixture, check, read, stderr, write};

#[tokio::test]
async fn a_file_holds_the_ledger_and_says_so_without_a_database() {
    let fixture = Fixture::begin("export").await;
    let path = fixture.export("ledger.jsonl", &[]).await;
    let ledger = check(&path).expect("sound");
    let owner = fixture.database.connect().await;
    let head = owner.query_one("select position, ledger_position, hash, (select count(*) from event_ledger) from event_head", &[]).await;
    let head = head.expect("reads");
    assert_eq!((ledger.head_position, ledger.last_position), (Some(head.get(0)), head.get(1)));
    assert_eq!((&ledger.hash.0, i64::try_from(ledger.count).expect("small")), (&head.get::<_, Vec<u8>>(2), head.get::<_, i64>(3)));
    assert!(ledger.from_the_beginning && ledger.signed_by.is_none());

    // One line an event with all its columns, between a header and an end.
    let lines = read(&path);
    assert_eq!(lines.len(), usize::try_from(ledger.count).expect("small") + 2);
    let event: Value = serde_json::from_str(&lines[1]).expect("JSON");
    let columns: Vec<&String> = event.as_object().expect("an object").keys().collect();
    assert_eq!(
        columns,
        ["actor", "cause", "data", "epoch", "hash", "id", "position", "recorded_at", "request_id", "schema_version", "stream", "type"]
    );

    // Standard output gets the same.
    let output = fixture.run(&["export"]).await;
    assert_eq!(output.stdout, std::fs::read(&path).expect("the file"));
    assert!(stderr(&output).contains(&format!("exported {} events", ledger.count)), "{}", stderr(&output));
}

#[tokio::test]
async fn parts_continue_each_other_and_nothing_else() {
    let fixture = Fixture::begin("parts").await;
    let whole = check(&fixture.export("whole", &[]).await).expect("sound");
    let middle = whole.last_position / 2;
    let first = fixture.export("first", &["--to", &middle.to_string()]).await;
    let next = check(&first).expect("sound").last_position + 1;
    let second = fixture.export("second", &["--from", &next.to_string()]).await;
    let head = whole.head_position.expect("to the end");
    let third = fixture.export("third", &["--from", &(head + 1).to_string()]).await;

    let joined = check_file(&[first.clone(), second.clone(), third.clone()], None).expect("sound");
    assert_eq!((joined.hash, joined.count, joined.last_position), (whole.hash, whole.count, whole.last_position));
    let alone = check(&second).expect("sound as far as it goes");
    assert!(!alone.from_the_beginning && alone.first_position == next);
    assert_eq!(check(&third).expect("sound").count, 0);

    for wrong in [vec![second.clone(), first.clone()], vec![first.clone(), third.clone()], vec![first.clone(), second.clone(), second]] {
        let problem = check_file(&wrong, None).expect_err("not the ledger").to_string();
        assert!(problem.contains("line 1") && problem.contains("does not continue"), "{problem}");
    }
}

#[tokio::test]
async fn positions_beyond_the_log_are_refused() {
    let fixture = Fixture::begin("beyond").await;
    for (arguments, code, words) in [
        (&["export", "--from", "1000000"][..], 1, "position 1000000 is beyond the head of the log"),
        (&["export", "--to", "1000000"], 1, "position 1000000 is beyond the head of the log"),
        (&["export", "--from", "9", "--to", "8"], 2, "--from 9 is beyond --to 8"),
        (&["export", "--from", "0"], 2, "0 is not in 1.."),
        (&["export", "--sign-key", "/nowhere"], 1, "cannot read the key /nowhere"),
    ] {
        let output = fixture.run(arguments).await;
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(stderr(&output).contains(words) && output.stdout.is_empty(), "{}", stderr(&output));
    }
    // What stood there stays if an export fails.
    let path = fixture.export("kept", &[]).await;
    let before = read(&path);
    let failed = fixture.run(&["export", "--to", "1000000", "--output", &path.display().to_string()]).await;
    assert_eq!(failed.status.code(), Some(1));
    assert_eq!(read(&path), before);
    assert_eq!(std::fs::read_dir(fixture.folder.path()).expect("the folder").count(), 1, "nothing half is left");
}

/// Whatever is done to a line, that line or the next is named.
#[tokio::test]
async fn a_file_that_somebody_has_been_at_is_found_out() {
    let fixture = Fixture::begin("edited").await;
    let key = fixture.key(1);
    let path = fixture.export("ledger", &["--sign-key", &key.private, "--sign-every", "10"]).await;
    check(&path).expect("sound");
    let lines = read(&path);
    let edited = fixture.path("edited");
    let found = |lines: &[String], at: usize, how: &str| {
        write(&edited, lines);
        let problem = check(&edited).expect_err(how);
        let named = usize::try_from(problem.line).expect("small");
        // Removing the last of several signed heads shows only where the sum of the lines stands.
        let signed = how == "removed" && at < read(&path).len() && read(&path)[at].starts_with("{\"signed_head\"");
        assert!(signed || named == at + 1 || named == at + 2, "{how} at line {}: {problem}", at + 1);
        problem
    };
    for at in 0..lines.len() {
        let removed: Vec<String> = [&lines[..at], &lines[at + 1..]].concat();
        found(&removed, at, "removed");
        let twice: Vec<String> = [&lines[..=at], &lines[at..]].concat();
        if !lines[at].starts_with("{\"signed_head\"") {
            found(&twice, at, "doubled");
        }
        if at + 1 < lines.len() {
            let mut swapped = lines.clone();
            swapped.swap(at, at + 1);
            write(&edited, &swapped);
            check(&edited).expect_err("swapped");
        }
        if at > 0 {
            let cut = found(&lines[..at], at, "cut off");
            assert!(cut.problem.contains("truncated"), "{cut}");
        }
    }
    // A byte of every line, at many places.
    for (at, line) in lines.iter().enumerate() {
        for place in (at % 7..line.len()).step_by(29) {
            let mut bytes = line.clone().into_bytes();
            bytes[place] = if bytes[place] == b'0' { b'1' } else { b'0' };
            let Ok(text) = String::from_utf8(bytes) else { continue };
            let mut changed = lines.clone();
            changed[at] = text;
            write(&edited, &changed);
            let problem = check(&edited).expect_err("a byte was changed");
            let header_text = at == 0 && problem.problem.contains("one that holds no event was changed");
            assert!(
                header_text || usize::try_from(problem.line).expect("small").abs_diff(at + 1) <= 1,
                "byte {place} of {line}: {problem}"
            );
        }
    }
    let text = std::fs::read(&path).expect("the file");
    for cut in [1, 2, 40] {
        std::fs::write(&edited, &text[..text.len() - cut]).expect("written");
        assert!(check(&edited).expect_err("cut").problem.contains("truncated"));
    }
}

#[tokio::test]
async fn only_the_key_that_is_trusted_will_do() {
    let fixture = Fixture::begin("signed").await;
    let (ours, theirs) = (fixture.key(1), fixture.key(2));
    let signed = fixture.export("signed", &["--sign-key", &ours.private, "--sign-every", "7"]).await;
    let ledger = check_file(std::slice::from_ref(&signed), Some(ours.trusted)).expect("ours");
    assert_eq!(ledger.signed_position, Some(ledger.last_position));
    assert_eq!(ledger.signed_heads, ledger.count.div_ceil(7));

    let file = signed.display().to_string();
    let verified = fixture.run(&["verify", "--file", &file, "--verify-key", &ours.public]).await;
    assert!(verified.status.success(), "{}", stderr(&verified));
    let refused = fixture.run(&["verify", "--file", &file, "--verify-key", &theirs.public]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("line 9, after position"), "{}", stderr(&refused));

    let problem = check_file(std::slice::from_ref(&signed), Some(theirs.trusted)).expect_err("not theirs");
    assert!(problem.problem.contains("signed with another key") && problem.line == 9, "{problem}");

    let plain = fixture.export("plain", &[]).await;
    assert!(check_file(&[plain], Some(ours.trusted)).expect_err("not signed").problem.contains("nothing in the file is signed"));

    // Somebody rewrites everything and has no key: what was signed is of another ledger.
    let rewritten = fixture.export("rewritten", &["--sign-key", &theirs.private]).await;
    let mut lines = read(&rewritten);
    let at = lines.len() - 2;
    let head = read(&signed).into_iter().find(|line| line.starts_with("{\"signed_head\"")).expect("a signed head");
    lines[at] = head;
    write(&rewritten, &lines);
    let problem = check_file(&[rewritten], Some(ours.trusted)).expect_err("another ledger").problem;
    assert!(problem.contains("is of another ledger"), "{problem}");
}

/// What was tampered with in the database is not exported as if it were sound.
#[tokio::test]
async fn a_ledger_that_was_tampered_with_is_not_exported() {
    let fixture = Fixture::begin("tampered").await;
    let owner = fixture.database.connect().await;
    let position: i64 =
        owner.query_one("select position from event_ledger order by position offset 20 limit 1", &[]).await.expect("reads").get(0);
    let tamper = format!("set session_replication_role = replica; update event set actor = 'nobody' where position = {position}");
    owner.batch_execute(&tamper).await.expect("the owner of the cluster may");
    let path = fixture.path("never");
    let output = fixture.run(&["export", "--output", &path.display().to_string()]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with(&format!("error: position {position}: its hash is not")), "{}", stderr(&output));
    assert!(!path.exists());
}
