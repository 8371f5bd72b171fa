//! Rust source as text: taken apart into code, comments and texts, for tests that read it.

/// Rust source taken apart: code without comments and texts, and the texts with their lines.
#[derive(Debug, Default)]
pub struct Source {
    pub code: String,
    pub texts: Vec<(usize, String)>,
}

impl Source {
    /// Knows as much of Rust as it takes to tell code, comments and texts apart.
    pub fn read(text: &str) -> Self {
        let mut source = Self::default();
        let (mut rest, mut line) = (text, 1);
        while let Some(c) = rest.chars().next() {
            let token = token_length(rest);
            let (token, after) = rest.split_at(token);
            if token.starts_with("//") || token.starts_with("/*") {
                source.code.push(' ');
            } else if let Some(inner) = text_of(token) {
                source.code.push_str("\"\"");
                source.texts.push((line, inner.to_owned()));
            } else if c == '\'' && token.len() > 1 {
                source.code.push_str("''");
            } else {
                source.code.push_str(token);
            }
            line += token.matches('\n').count();
            rest = after;
        }
        source
    }
}

/// The length of the comment, text, character or other piece that the source begins with. In bytes, at least one character.
fn token_length(rest: &str) -> usize {
    let one = rest.chars().next().map_or(1, char::len_utf8);
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |end| end + 2);
    }
    let hashes = rest.strip_prefix('r').map(|more| more.len() - more.trim_start_matches('#').len());
    if let Some(hashes) = hashes.filter(|hashes| rest[1 + hashes..].starts_with('"')) {
        let end = format!("\"{}", "#".repeat(hashes));
        let start = hashes + 2;
        return rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len());
    }
    if rest.starts_with('"') {
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        return end.map_or(rest.len(), |(at, _)| at + 1);
    }
    // A character; a lifetime has no quote after its first letter.
    if let Some(inner) = rest.strip_prefix('\'') {
        if let Some(escape) = inner.strip_prefix('\\') {
            return escape.get(1..).and_then(|more| more.find('\'')).map_or(one, |at| at + 4);
        }
        let width = inner.chars().next().map_or(0, char::len_utf8);
        return if inner[width..].starts_with('\'') { width + 2 } else { one };
    }
    // A name, so that one that ends in r does not look like the start of a raw text.
    let name = rest.len() - rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').len();
    name.max(one)
}

fn text_of(token: &str) -> Option<&str> {
    let quoted = token.strip_prefix('r').map_or(token, |raw| raw.trim_start_matches('#'));
    if token.starts_with('"') || (token.starts_with('r') && quoted.starts_with('"')) {
        Some(quoted.trim_end_matches('#').trim_matches('"'))
    } else {
        None
    }
}

/// Whether a text is SQL, as far as its words tell.
pub fn looks_like_sql(text: &str) -> bool {
    let words: Vec<String> = text.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
    let says = |word: &str| words.contains(&word);
    let then = |first: &str, seconds: &[&str]| words.windows(2).any(|pair| pair[0] == first && seconds.contains(&pair[1]));
    matches!(words.as_slice(), ["begin" | "commit" | "rollback"])
        || matches!(words.first(), Some(&("select" | "truncate")))
        || text.to_lowercase().starts_with("listen ")
        || (says("select") && says("from"))
        || (says("update") && says("set"))
        || then("insert", &["into"])
        || then("delete", &["from"])
        || ["create", "alter", "drop"].iter().any(|verb| then(verb, &["table", "role", "database", "schema", "function", "index", "view"]))
}

#[test]
fn source_is_told_apart_from_comments_and_texts() {
    let source = Source::read("let a = \"b // \\\" c\"; // \"no\"\nlet d = r#\"e \"f\"#; let g: &'a str = '\"'; /* \"h\" */ for_r(\"i\")");
    let texts: Vec<&str> = source.texts.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["b // \\\" c", "e \"f", "i"]);
    assert!(!source.code.contains("no") && source.code.contains("for_r(") && source.code.contains("&'a str"), "{}", source.code);
    assert_eq!(source.texts[1].0, 2);
    assert!(looks_like_sql("SELECT 1") && looks_like_sql("insert into x") && looks_like_sql("commit"));
    assert!(!looks_like_sql("cannot update the set-up") || looks_like_sql("update x set y = 1"));
    assert!(!looks_like_sql("the database cannot be reached"));
}
