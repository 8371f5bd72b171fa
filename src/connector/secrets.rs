//! Settings with what their references stand for in place of these, and kept out of everything that people read.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use tokio::io::AsyncReadExt;

use super::settings::Settings;
use crate::domain::adapter::InvalidField;
use crate::domain::connector::check::{Texts, convert, problems};
use crate::domain::secret::{Piece, Reference, pieces};

/// Largest file that a reference may name, in bytes.
const LARGEST: u64 = 64 << 10;

/// Shorter texts are no secrets, and hiding them would leave holes everywhere.
const SHORTEST: usize = 4;

/// What references stood for at one start of a session. Shown as nothing but its count.
#[derive(Clone, Default)]
pub struct Secrets(Arc<[(String, String)]>);

impl Secrets {
    /// A text with the references in place of what they stand for.
    #[must_use]
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut shown = Cow::Borrowed(text);
        for (secret, reference) in self.0.iter().filter(|(secret, _)| shown.contains(secret)).collect::<Vec<_>>() {
            shown = Cow::Owned(shown.replace(secret, reference));
        }
        shown
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

/// Whether settings hold references, and so mean something only after [`resolve`].
#[must_use]
pub fn refer(settings: &Settings) -> bool {
    settings.values().any(refers)
}

fn refers(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("${") && pieces(text).map_or(true, |pieces| pieces != [Piece::Literal(text.clone())]),
        Value::Array(items) => items.iter().any(refers),
        Value::Object(object) => object.values().any(refers),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Puts what references stand for into settings. With a schema, texts become the numbers and truth values that it wants.
///
/// # Errors
/// Names the field and the reference that this pod cannot resolve, and never what it stands for.
pub async fn resolve(settings: &Settings, schema: Option<&Value>) -> Result<(Settings, Secrets), InvalidField> {
    let mut value = Value::Object(settings.clone());
    let mut found = Vec::new();
    let mut whole = Vec::new();
    for pointer in texts(&value) {
        let Some(text) = value.pointer(&pointer).and_then(Value::as_str).map(str::to_owned) else { continue };
        let field = || format!("settings{}", pointer.replace('/', "."));
        let pieces = pieces(&text).map_err(|problem| InvalidField::new(field(), problem))?;
        if let [Piece::Reference(_)] = pieces.as_slice() {
            whole.push(pointer.clone());
        }
        let mut resolved = String::new();
        for piece in &pieces {
            match piece {
                Piece::Literal(literal) => resolved.push_str(literal),
                Piece::Reference(reference) => {
                    let secret = look_up(reference).await.map_err(|problem| InvalidField::new(field(), problem))?;
                    resolved.push_str(&secret);
                    found.push((secret, reference.to_string()));
                }
            }
        }
        if let Some(place) = value.pointer_mut(&pointer) {
            *place = Value::String(resolved);
        }
    }
    if let Some(schema) = schema {
        convert(schema, &mut value, &whole);
        if let Some(problem) = problems(schema, &value, "settings", Texts::Plain).into_iter().next() {
            return Err(InvalidField::new(problem.field, format!("once its references are resolved, it {}", problem.problem)));
        }
    }
    found.retain(|(secret, _)| secret.chars().count() >= SHORTEST);
    // Of two that contain each other, the longer one first.
    found.sort_by_key(|(secret, _)| std::cmp::Reverse(secret.len()));
    match value {
        Value::Object(resolved) => Ok((resolved, Secrets(found.into()))),
        _ => Ok((settings.clone(), Secrets::default())),
    }
}

/// JSON Pointers of all texts that are not what they look like.
fn texts(value: &Value) -> Vec<String> {
    fn walk(value: &Value, pointer: &str, found: &mut Vec<String>) {
        match value {
            Value::String(_) if refers(value) => found.push(pointer.to_owned()),
            Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| walk(item, &format!("{pointer}/{index}"), found)),
            Value::Object(object) => {
                for (name, value) in object {
                    walk(value, &format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}

async fn look_up(reference: &Reference) -> Result<String, String> {
    match reference {
        Reference::Env(name) => match std::env::var(name) {
            Ok(value) => Ok(value),
            Err(std::env::VarError::NotPresent) => Err(format!("{reference}: this pod has no such variable")),
            Err(std::env::VarError::NotUnicode(_)) => Err(format!("{reference}: the variable is not UTF-8")),
        },
        Reference::File(path) => {
            let text = read(path).await.map_err(|problem| format!("{reference}: {problem}"))?;
            // Editors and `echo` end files with a line break that belongs to no secret.
            let text = text.strip_suffix('\n').unwrap_or(&text);
            Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
        }
    }
}

async fn read(path: &str) -> Result<String, String> {
    let broken = |error: std::io::Error| format!("this pod cannot read it: {error}");
    let is_file = tokio::fs::metadata(path).await.map_err(broken)?.is_file();
    if !is_file {
        return Err("it is no file on this pod".into());
    }
    let file = tokio::fs::File::open(path).await.map_err(broken)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).await.map_err(broken)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST) {
        return Err(format!("it is larger than {} KiB", LARGEST >> 10));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(value: &Value) -> Settings {
        value.as_object().expect("an object").clone()
    }

    #[tokio::test]
    async fn references_are_put_in_and_hidden_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("port");
        std::fs::write(&file, "7001\n").expect("written");
        let port = format!("${{file:{}}}", file.display());
        let schema = json!({"type": "object", "properties": {"port": {"type": "integer"}}});
        let given = settings(&json!({"port": port, "url": format!("tcp://venue:{port}"), "path": "${env:PATH}", "plain": "$${env:PATH}"}));
        assert!(refer(&given) && !refer(&settings(&json!({"a": ["x", "$5 ${HOME}"]}))));
        let (resolved, secrets) = resolve(&given, Some(&schema)).await.expect("resolves");
        let path = std::env::var("PATH").expect("there is one");
        assert_eq!(Value::Object(resolved), json!({"port": 7001, "url": "tcp://venue:7001", "path": path, "plain": "${env:PATH}"}));
        assert_eq!(secrets.hide(&format!("no {path} at 7001")), format!("no ${{env:PATH}} at {port}"));
        assert!(!format!("{secrets:?}").contains("7001"));
    }

    #[tokio::test]
    async fn what_cannot_be_resolved_is_named() {
        for (text, problem) in [
            ("${env:NOBODY_HAS_THIS}", "settings.env.A: ${env:NOBODY_HAS_THIS}: this pod has no such variable"),
            ("${file:/nowhere/at/all}", "settings.env.A: ${file:/nowhere/at/all}: this pod cannot read it"),
            ("${file:/}", "settings.env.A: ${file:/}: it is no file"),
        ] {
            let error = resolve(&settings(&json!({"env": {"A": text}})), None).await.expect_err("refused").to_string();
            assert!(error.starts_with(problem), "{error}");
        }
        let schema = json!({"type": "object", "properties": {"port": {"type": "integer"}}});
        let error = resolve(&settings(&json!({"port": "${env:PATH}"})), Some(&schema)).await.expect_err("refused").to_string();
        assert!(error.starts_with("settings.port: once its references are resolved, it is a text") && !error.contains("/bin"), "{error}");
    }
}
