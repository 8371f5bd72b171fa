use super::*;

const VENUE: &str = "name: venue-a\nconnector: tcp\nmode: exclusive\n";

fn source(origin: &str, text: &str) -> Source {
    Source { origin: origin.into(), text: text.into() }
}

fn names(origin: &str, text: &str) -> Vec<String> {
    let documents = parse(&[source(origin, text)]).expect("valid");
    documents.into_iter().map(|document| document.name.to_string()).collect()
}

fn problems(text: &str) -> String {
    parse(&[source("a.yaml", text)]).expect_err("invalid").to_string()
}

#[test]
fn yaml_has_many_documents_and_empty_ones_do_not_count() {
    let text = format!("---\n{VENUE}---\n# nothing here\n---\nname: venue-b\nconnector: tcp\nmode: single\n---\n");
    assert_eq!(names("a.yaml", &text), ["venue-a", "venue-b"]);
}

#[test]
fn json_is_an_object_an_array_or_lines() {
    let one = r#"{"name":"venue-a","connector":"tcp","mode":"exclusive"}"#;
    let two = one.replace("venue-a", "venue-b");
    assert_eq!(names("a.json", one), ["venue-a"]);
    assert_eq!(names("a.json", &format!("[{one},\n{two}]")), ["venue-a", "venue-b"]);
    assert_eq!(names("standard input", &format!("\n{one}\n{two}\n")), ["venue-a", "venue-b"]);
}

#[test]
fn yaml_may_begin_with_a_brace() {
    assert_eq!(names("a.yml", "{name: venue-a, connector: tcp, mode: exclusive}"), ["venue-a"]);
}

#[test]
fn values_keep_their_meaning() {
    let text = format!("{VENUE}lease_ttl: 500ms\nsettings: {{ flag: yes, n: 18446744073709551615, t: '1' }}\n");
    let document = parse(&[source("a.yaml", &text)]).expect("valid").remove(0);
    assert_eq!(document.lease_ttl.as_millis(), 500);
    let settings = Value::Object(document.settings);
    assert_eq!(settings, serde_json::json!({"flag": "yes", "n": 18_446_744_073_709_551_615_u64, "t": "1"}));
}

#[test]
fn every_problem_is_named_with_its_place_and_field() {
    let text = format!(
        "{VENUE}lease_ttl: 100ms\n---\n{}\ncolour: red\n---\nname: Bad_Name\nconnector: tcp\nmode: single\n---\n- 1\n---\nconnector: tcp\n",
        VENUE.replace("venue-a", "venue-b")
    );
    let shown = problems(&text);
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines[0], "5 problems in the documents, so nothing was changed:");
    assert!(lines[1].starts_with("  a.yaml:document 1 (venue-a): lease_ttl: 100 ms is out of bounds"), "{shown}");
    assert!(lines[2].contains("document 2 (venue-b): ") && lines[2].contains("colour"), "{shown}");
    assert!(lines[3].contains("document 3 (Bad_Name): name: "), "{shown}");
    assert!(lines[4].contains("document 4: not an adapter document"), "{shown}");
    assert!(lines[5].contains("document 5: missing field `name`"), "{shown}");
}

#[test]
fn rules_between_fields_are_checked_before_anything_is_sent() {
    assert!(problems(&format!("{VENUE}replicas: 3\n")).contains("(venue-a): replicas: 3 replicas need mode load_balanced"));
    assert!(problems(&format!("{VENUE}on_lease_loss: continue\n")).contains("on_lease_loss: "));
    assert!(problems(&format!("{VENUE}placement: {{ capacity: 0 }}\n")).contains("placement.capacity: "));
}

#[test]
fn wrong_types_name_the_path() {
    assert!(problems(&format!("{VENUE}placement: {{ labels: {{ zone: 1 }} }}\n")).contains("placement.labels.zone: invalid type"));
    assert!(problems(&format!("{VENUE}priority: high\n")).contains("priority: invalid type"));
}

#[test]
fn a_name_is_declared_once() {
    let sources = [source("a.yaml", VENUE), source("b.json", r#"{"name":"venue-a","connector":"tcp","mode":"single"}"#)];
    let shown = parse(&sources).expect_err("a duplicate").to_string();
    assert_eq!(shown, "b.json:document 1 (venue-a): name: venue-a is declared already, in a.yaml:document 1 (venue-a)");
}

#[test]
fn a_key_stands_once() {
    assert!(problems(&format!("{VENUE}mode: single\n")).contains("a.yaml: "));
}

#[test]
fn nothing_to_apply_is_a_mistake() {
    assert!(problems("# only a comment\n").contains("no adapter document"));
    assert!(problems("").contains("no adapter document"));
}

#[test]
fn broken_syntax_says_where() {
    let shown = problems("name: [a\nmode: x");
    assert!(shown.starts_with("a.yaml: ") && shown.contains("line"), "{shown}");
    let shown = parse(&[source("a.json", "{\"name\": ")]).expect_err("invalid").to_string();
    assert!(shown.starts_with("a.json: ") && shown.contains("line 1"), "{shown}");
}

#[test]
fn folders_give_their_documents_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [("b.yaml", "b"), ("a.json", "a"), ("notes.txt", "x"), ("c.yml", "c")] {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    let sources = read(&[folder.path().display().to_string()]).expect("reads");
    assert_eq!(sources.iter().map(|source| source.text.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    let missing = read(&[folder.path().join("none.yaml").display().to_string()]).expect_err("missing").to_string();
    assert!(missing.contains("none.yaml"), "{missing}");
}
