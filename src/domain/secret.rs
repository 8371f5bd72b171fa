//! References to secrets in settings, `${env:NAME}` and `${file:/path}`, and literals that should have been one.
//!
//! Only a pod resolves them, when it starts a session. What they stand for is never stored, logged or shown.

use std::fmt;

use serde_json::Value;

use super::adapter::InvalidField;

/// Where a pod finds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A variable of the pod's environment.
    Env(String),
    /// A file on the pod, by its absolute path.
    File(String),
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "${{env:{name}}}"),
            Self::File(path) => write!(f, "${{file:{path}}}"),
        }
    }
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Literal(String),
    Reference(Reference),
}

/// Variables of the pod's own, which settings have no business with.
const OF_THE_POD: [&str; 2] = ["CONNCENTRIC_", "DATABASE_URL"];

/// Takes a text apart. `$${` stands for a literal `${`; other dollar signs mean nothing here.
///
/// # Errors
/// Says what is wrong with a reference.
pub fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        literal.push_str(before);
        if let Some(after) = from.strip_prefix("$${") {
            literal.push_str("${");
            rest = after;
        } else if from.starts_with("${env:") || from.starts_with("${file:") {
            let end = from.find('}').ok_or_else(|| format!("a reference has no end: {} (write $${{ for a literal ${{)", shown(from)))?;
            let (inside, after) = (from.get(2..end).unwrap_or_default(), from.get(end + 1..).unwrap_or_default());
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Reference(reference(inside)?));
            rest = after;
        } else {
            literal.push('$');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(pieces)
}

fn reference(inside: &str) -> Result<Reference, String> {
    let literal = "or $${ for a literal ${";
    match inside.split_once(':') {
        Some(("env", name)) => {
            let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            if !begins || name.len() > 128 || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                return Err(format!("{} names no variable; write ${{env:NAME}}, {literal}", shown(inside)));
            }
            if OF_THE_POD.iter().any(|own| name.starts_with(own)) {
                return Err(format!("the variable {name} belongs to the pod; give the secret another one"));
            }
            Ok(Reference::Env(name.to_owned()))
        }
        Some((_, path)) if path.starts_with('/') && path.len() <= 1024 && !path.contains(char::is_control) => {
            Ok(Reference::File(path.to_owned()))
        }
        _ => Err(format!("{} names no file; write ${{file:/absolute/path}}, {literal}", shown(inside))),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(48).flat_map(char::escape_debug).collect()
}

/// Whether a text is one reference and nothing else.
#[must_use]
pub fn is_reference(text: &str) -> bool {
    matches!(pieces(text).as_deref(), Ok([Piece::Reference(_)]))
}

/// Whether a text holds a reference.
#[must_use]
pub fn has_reference(text: &str) -> bool {
    text.contains("${") && pieces(text).is_ok_and(|pieces| pieces.iter().any(|piece| matches!(piece, Piece::Reference(_))))
}

/// Every reference that cannot be one. `at` is the field that holds the value.
#[must_use]
pub fn problems(value: &Value, at: &str) -> Vec<InvalidField> {
    let mut found = Vec::new();
    each_text(value, at, "", &mut |field, _, text| found.extend(pieces(text).err().map(|problem| InvalidField::new(field, problem))));
    found
}

/// Literals that look like secrets. They are in the log for ever and every viewer can read them, so whoever wrote them is told.
#[must_use]
pub fn warnings(value: &Value, at: &str) -> Vec<InvalidField> {
    let mut found = Vec::new();
    each_text(value, at, "", &mut |field, name, text| {
        if let Some(what) = looks_secret(name, text) {
            let advice =
                format!("{what}, and settings can be read by every viewer; write a reference such as ${{env:NAME}} or ${{file:/path}}");
            found.push(InvalidField::new(field, advice));
        }
    });
    found
}

/// Calls for each text in a value, with its path and the name that it stands under.
fn each_text(value: &Value, path: &str, name: &str, look: &mut impl FnMut(&str, &str, &str)) {
    match value {
        Value::String(text) => look(path, name, text),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                each_text(item, &format!("{path}[{index}]"), name, look);
            }
        }
        Value::Object(object) => {
            for (name, value) in object {
                each_text(value, &format!("{path}.{}", shown(name)), name, look);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn looks_secret(name: &str, text: &str) -> Option<&'static str> {
    if text.trim().is_empty() || has_reference(text) {
        return None;
    }
    if text.contains("PRIVATE KEY-----") {
        return Some("this looks like a private key");
    }
    if is_secret_name(name) {
        return Some("this looks like a secret");
    }
    if let Some((option, value)) = text.split_once('=')
        && option.starts_with('-')
        && !value.is_empty()
        && is_secret_name(option)
    {
        return Some("this argument looks like a secret");
    }
    let authority = text.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#', ' ']).next());
    let user = authority.and_then(|authority| authority.rsplit_once('@')).and_then(|(user, _)| user.split_once(':'));
    user.filter(|(_, password)| !password.is_empty()).map(|_| "this URL holds a password")
}

/// Whether a name is that of a secret, and not of where one is kept: `password` and `apiKey`, not `password_file`.
fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    let joined = words.concat();
    let kept_elsewhere = ["file", "path", "url", "uri", "name", "id", "env", "ttl", "type", "header", "field"];
    if words.last().is_some_and(|last| kept_elsewhere.contains(&last.as_str())) {
        return false;
    }
    let single = ["password", "passwd", "pwd", "passphrase", "secret", "token", "credential", "credentials"];
    let double = ["apikey", "privatekey", "accesskey", "secretkey", "signingkey"];
    words.iter().any(|word| single.contains(&word.as_str())) || double.iter().any(|double| joined.ends_with(double))
}

/// `apiKey`, `API_KEY` and `api-key` are two words each.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower_before = false;
    for c in name.chars().take(128) {
        let begins = !c.is_alphanumeric() || (c.is_uppercase() && lower_before);
        if begins {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        lower_before = c.is_lowercase() || c.is_numeric();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_taken_apart() {
        let env = |name: &str| Piece::Reference(Reference::Env(name.into()));
        let literal = |text: &str| Piece::Literal(text.into());
        for (text, expected) in [
            ("", vec![literal("")]),
            ("plain $5 ${HOME} $$", vec![literal("plain $5 ${HOME} $$")]),
            ("${env:A}", vec![env("A")]),
            ("a${env:A}b${file:/run/s}", vec![literal("a"), env("A"), literal("b"), Piece::Reference(Reference::File("/run/s".into()))]),
            ("$${env:A}", vec![literal("${env:A}")]),
            ("$$${env:A}", vec![literal("$${env:A}")]),
        ] {
            assert_eq!(pieces(text), Ok(expected), "{text}");
        }
        assert!(is_reference("${env:A}") && !is_reference("${env:A} ") && has_reference(" ${env:A}") && !has_reference("$${env:A}"));
    }

    #[test]
    fn what_cannot_be_a_reference_is_told() {
        for (text, problem) in [
            ("${env:", "has no end"),
            ("${env:}", "names no variable"),
            ("${env:-x}", "names no variable"),
            ("${file:relative}", "names no file"),
            ("${env:CONNCENTRIC_TOKEN}", "belongs to the pod"),
        ] {
            let told = problems(&json!({"env": {"A": text}}), "settings");
            assert!(told.len() == 1 && told[0].field == "settings.env.A" && told[0].problem.contains(problem), "{text}: {told:?}");
        }
    }

    #[test]
    fn literals_that_look_like_secrets_are_noticed() {
        let settings = json!({
            "env": {"PASSWORD": "x", "DB_PASSWORD_FILE": "/run/x", "apiKey": "k", "TOKEN": "${env:TOKEN}", "EMPTY_SECRET": "", "KEYBOARD": "de"},
            "command": ["engine", "--password=hunter2", "--user=me", "postgres://me:pw@db/x", "--token"],
            "login": "HELLO {session} {token}",
        });
        let fields: Vec<_> = warnings(&settings, "settings").into_iter().map(|warning| warning.field).collect();
        assert_eq!(fields, ["settings.command[1]", "settings.command[3]", "settings.env.PASSWORD", "settings.env.apiKey"]);
    }
}
