//! Values held against JSON Schemas, with problems that name the field as its author wrote it.
//!
//! No message repeats a value: it may be what a secret was resolved to.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Draft, ValidationError, Validator};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::domain::adapter::InvalidField;
use crate::domain::secret;

/// Everything that is wrong with a value: at least one problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidFields(Vec<InvalidField>);

impl InvalidFields {
    /// # Errors
    /// Fails with the problems if there are any.
    pub fn none(problems: Vec<InvalidField>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self(problems)) }
    }

    #[must_use]
    pub fn all(&self) -> &[InvalidField] {
        &self.0
    }
}

impl fmt::Display for InvalidFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() > 1 {
            write!(f, "{} problems: ", self.0.len())?;
        }
        for (index, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if index > 0 { "; " } else { "" })?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidFields {}

/// What the texts of a value are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texts {
    Plain,
    /// They may refer to secrets, so nobody knows yet what they will be.
    MayRefer,
}

/// Problems that are named at most; whoever has more mends these first.
const MOST: usize = 20;

/// Whether a schema can be used.
///
/// # Errors
/// Says what is wrong with it. One that refers to other places is refused: nothing is fetched.
pub fn check_schema(schema: &Value) -> Result<(), String> {
    compile(schema).map(drop)
}

/// Everything that is wrong with a value by a schema. `at` is the field that holds the value.
#[must_use]
pub fn problems(schema: &Value, value: &Value, at: &str, texts: Texts) -> Vec<InvalidField> {
    match compile(schema) {
        Ok(validator) => {
            let wrong = validator.iter_errors(value).filter(|error| texts == Texts::Plain || !forgiven(error));
            wrong.flat_map(|error| Place { schema, value, at }.describe(&error)).take(MOST).collect()
        }
        Err(why) => vec![InvalidField::new(at, format!("it cannot be checked, because its schema is of no use: {why}"))],
    }
}

/// Turns texts that came from references into the numbers and truth values that a schema wants in their places. `pointers` are
/// JSON Pointers of texts which are whole references.
pub fn convert(schema: &Value, value: &mut Value, pointers: &[String]) {
    let Ok(validator) = compile(schema) else { return };
    let wanted = |error: &ValidationError<'_>| matches!(error.kind(), ValidationErrorKind::Type { .. } | ValidationErrorKind::AnyOf { .. });
    let places: Vec<String> = validator.iter_errors(value).filter(wanted).map(|error| error.instance_path().to_string()).collect();
    for place in places.iter().filter(|place| pointers.contains(place)) {
        let Some(text) = value.pointer_mut(place) else { continue };
        let scalar = text.as_str().and_then(|text| serde_json::from_str::<Value>(text.trim()).ok());
        if let Some(scalar) = scalar.filter(|scalar| scalar.is_number() || scalar.is_boolean()) {
            *text = scalar;
        }
    }
}

/// Schemas that are kept compiled. Of connectors in use there are few, and each change of an adapter asks for one.
const MOST_COMPILED: usize = 64;

/// What was compiled, by the SHA-256 of the schema, the newest last. A schema is compiled to the same thing every time, so nobody can
/// tell that it was remembered.
static COMPILED: Mutex<VecDeque<([u8; 32], Arc<Validator>)>> = Mutex::new(VecDeque::new());

fn compile(schema: &Value) -> Result<Arc<Validator>, String> {
    let digest: [u8; 32] = Sha256::digest(schema.to_string()).into();
    let known = |compiled: &VecDeque<([u8; 32], Arc<Validator>)>| {
        compiled.iter().find(|(known, _)| *known == digest).map(|(_, validator)| Arc::clone(validator))
    };
    if let Some(validator) = known(&COMPILED.lock().unwrap_or_else(PoisonError::into_inner)) {
        return Ok(validator);
    }
    let validator = Arc::new(build(schema)?);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    compiled.push_back((digest, Arc::clone(&validator)));
    if compiled.len() > MOST_COMPILED {
        compiled.pop_front();
    }
    Ok(validator)
}

fn build(schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .offline()
        .build(schema)
        .map_err(|error| error.masked_with("a value in it").to_string())
}

/// Whether a problem may go away once references are resolved. A whole reference may become any scalar, a text with a reference
/// in it any text.
fn forgiven(error: &ValidationError<'_>) -> bool {
    if let Some(text) = error.instance().as_str() {
        return match error.kind() {
            ValidationErrorKind::Type { .. } => secret::is_reference(text),
            _ => secret::has_reference(text),
        };
    }
    match error.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            context.iter().any(|branch| branch.iter().all(forgiven))
        }
        _ => false,
    }
}

/// Where a problem is.
#[derive(Clone, Copy)]
struct Place<'a> {
    schema: &'a Value,
    value: &'a Value,
    at: &'a str,
}

impl Place<'_> {
    fn describe(self, error: &ValidationError<'_>) -> Vec<InvalidField> {
        let field = self.field(error.instance_path().as_str());
        let rule = self.rule(error);
        let member = |name: &str| format!("{field}.{}", shown(name));
        let problem = match error.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                let of_member = rule.and_then(|rule| rule.get("properties")?.get(name));
                return vec![InvalidField::new(member(name), format!("is required{}", hint(of_member)))];
            }
            ValidationErrorKind::AdditionalProperties { unexpected } | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let known = rule.and_then(|rule| rule.get("properties")?.as_object());
                let known = known.map(|known| known.keys().map(String::as_str).collect::<Vec<_>>().join(", "));
                let known = known.filter(|known| !known.is_empty()).unwrap_or_else(|| "nothing".to_owned());
                return unexpected
                    .iter()
                    .map(|name| InvalidField::new(member(name), format!("is unknown; there can be {known}")))
                    .collect();
            }
            ValidationErrorKind::PropertyNames { error } => {
                let name = error.instance().as_str().unwrap_or_default();
                return vec![InvalidField::new(member(name), format!("is not allowed as a name{}", described(rule)))];
            }
            ValidationErrorKind::Type { kind } => format!("is {}, and must be {}{}", kind_of(error.instance()), wanted(kind), hint(rule)),
            ValidationErrorKind::Pattern { .. } => format!("does not have the form that is asked for{}", hint(rule)),
            ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. } => {
                format!("is nothing of what is allowed{}", hint(rule))
            }
            _ => error.masked_with("the value").to_string(),
        };
        vec![InvalidField::new(field, problem)]
    }

    /// The schema that holds the keyword which failed.
    fn rule(&self, error: &ValidationError<'_>) -> Option<&Value> {
        let (rule, _) = error.schema_path().as_str().rsplit_once('/')?;
        self.schema.pointer(rule)
    }

    /// A JSON Pointer as people write paths: `settings.command[0]`.
    fn field(&self, pointer: &str) -> String {
        let mut path = self.at.to_owned();
        let mut here = Some(self.value);
        for token in pointer.split('/').skip(1) {
            let name = token.replace("~1", "/").replace("~0", "~");
            if here.is_some_and(Value::is_array) {
                path = format!("{path}[{name}]");
                here = here.and_then(|list| list.get(name.parse::<usize>().ok()?));
            } else {
                path = format!("{path}.{}", shown(&name));
                here = here.and_then(|object| object.get(&name));
            }
        }
        path
    }
}

/// Names may be anything.
fn shown(name: &str) -> String {
    name.chars().take(64).flat_map(char::escape_debug).collect()
}

fn described(rule: Option<&Value>) -> String {
    let description = rule.and_then(|rule| rule.get("description")?.as_str());
    description.map_or_else(String::new, |text| format!(": {text}"))
}

/// What the schema itself says about the field, and an example.
fn hint(rule: Option<&Value>) -> String {
    let example = rule.and_then(|rule| rule.get("examples")?.get(0));
    let example = example.map_or_else(String::new, |example| format!("; write for example {example}"));
    format!("{}{example}", described(rule).trim_end_matches('.'))
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn wanted(kind: &TypeKind) -> String {
    let word = |kind: &str| match kind {
        "boolean" => "true or false".to_owned(),
        "integer" => "a whole number".to_owned(),
        "number" => "a number".to_owned(),
        "string" => "a text".to_owned(),
        "array" => "a list".to_owned(),
        "object" => "an object".to_owned(),
        other => other.to_owned(),
    };
    match kind {
        TypeKind::Single(kind) => word(&kind.to_string()),
        TypeKind::Multiple(kinds) => kinds.iter().map(|kind| word(&kind.to_string())).collect::<Vec<_>>().join(" or "),
    }
}
