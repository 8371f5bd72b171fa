//! The canonical text of a JSON value: what the hash chain of the ledger is made of (design 6).
//!
//! jsonb text is not stable, so the bytes are our own: no white space, keys in the order of their bytes, no negative zero.

mod flat;

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};

/// Writes a value in its canonical form.
#[must_use]
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(&Node::of(value), &mut text);
    text
}

/// Appends the canonical form of a JSON text. The same as parsing it into a value and writing that, without the value.
///
/// # Errors
/// Fails if the text is no JSON.
pub fn canonical_text(json: &str, text: &mut String) -> Result<(), serde_json::Error> {
    if !flat::write(json, text) {
        write(&serde_json::from_str(json)?, text);
    }
    Ok(())
}

/// A JSON value that borrows what it can: a history is hashed row by row.
enum Node<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    /// In the order of keys, none twice.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl<'a> Node<'a> {
    fn of(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(Cow::Borrowed(text)),
            Value::Array(items) => Self::Array(items.iter().map(Self::of).collect()),
            Value::Object(members) => {
                Self::object(members.iter().map(|(key, member)| (Cow::Borrowed(key.as_str()), Self::of(member))).collect())
            }
        }
    }

    /// Of a key that comes twice the last counts, as in every JSON parser of ours.
    fn object(mut members: Vec<(Cow<'a, str>, Self)>) -> Self {
        members.reverse();
        members.sort_by(|(one, _), (other, _)| one.as_bytes().cmp(other.as_bytes()));
        members.dedup_by(|(next, _), (first, _)| next == first);
        Self::Object(members)
    }
}

fn write(node: &Node<'_>, text: &mut String) {
    match node {
        Node::Object(members) => {
            text.push('{');
            for (index, (key, member)) in members.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_text(key, text);
                text.push(':');
                write(member, text);
            }
            text.push('}');
        }
        Node::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Node::Text(value) => write_text(value, text),
        Node::Number(number) => text.push_str(&number_text(number)),
        Node::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Node::Null => text.push_str("null"),
    }
}

/// PostgreSQL keeps numbers as decimals: `1e16` comes back as an integer, and there is no negative zero. So whole numbers that
/// fit into 64 bits are written as integers, however they came.
fn number_text(number: &Number) -> String {
    if number.as_u64().is_some() || number.as_i64().is_some() {
        return number.to_string();
    }
    // Of a float only whole numbers have so short a text without a point.
    let whole = number.as_f64().filter(|float| float.fract() == 0.0).map(|float| format!("{float:.0}"));
    match whole {
        Some(digits) if digits == "-0" => "0".into(),
        Some(digits) if digits.parse::<u64>().is_ok() || digits.parse::<i64>().is_ok() => digits,
        _ => number.to_string(),
    }
}

/// Whether every number of a JSON text stands there as PostgreSQL gives back what an event was written with.
///
/// PostgreSQL keeps any number of digits and a float does not, so the canonical form of more digits, or of zeros at the end, is
/// that of fewer: who adds them to an event leaves its hash as it is.
#[must_use]
pub fn numbers_are_exact(json: &str) -> bool {
    let bytes = json.as_bytes();
    let mut index = 0;
    let from = |index: usize| bytes.get(index..).unwrap_or_default();
    while let Some(byte) = bytes.get(index) {
        index += match byte {
            b'"' => 1 + end_of_text(from(index + 1)),
            b'-' | b'0'..=b'9' => {
                let length = from(index).iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')).count();
                if !json.get(index..index + length).is_some_and(is_exact) {
                    return false;
                }
                length
            }
            _ => 1,
        };
    }
    true
}

/// The length of the rest of a string, its closing quote included.
fn end_of_text(bytes: &[u8]) -> usize {
    let mut escaped = false;
    let inside = |byte: &&u8| {
        let ends = **byte == b'"' && !escaped;
        escaped = **byte == b'\\' && !escaped;
        !ends
    };
    1 + bytes.iter().take_while(inside).count()
}

fn is_exact(number: &str) -> bool {
    if number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok() {
        return true;
    }
    let written = number.parse().ok().and_then(Number::from_f64).map(|number| number_text(&number));
    written.is_some_and(|written| written == number || without_exponent(&written).is_some_and(|plain| plain == number))
}

/// `1.5e-7` as `0.00000015`, the way PostgreSQL writes it.
fn without_exponent(number: &str) -> Option<String> {
    let (mantissa, exponent) = number.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let shift = usize::try_from(exponent.unsigned_abs()).ok()?;
    if exponent < 0 {
        let zeros = "0".repeat(shift.checked_sub(whole.len())?);
        return Some(format!("{sign}0.{zeros}{whole}{fraction}"));
    }
    match fraction.split_at_checked(shift) {
        Some((moved, "")) => Some(format!("{sign}{whole}{moved}")),
        Some((moved, left)) => Some(format!("{sign}{whole}{moved}.{left}")),
        None => Some(format!("{sign}{whole}{fraction}{}", "0".repeat(shift - fraction.len()))),
    }
}

/// What needs no escape, nearly everything, is copied as it is.
fn write_text(value: &str, text: &mut String) {
    if value.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        text.push_str(&Value::from(value).to_string());
    } else {
        text.push('"');
        text.push_str(value);
        text.push('"');
    }
}

impl<'de> Deserialize<'de> for Node<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node<'de>, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'de>, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node<'de>, E> {
        Ok(Number::from_f64(value).map_or(Node::Null, Node::Number))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node<'de>, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Node::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node<'de>, A::Error> {
        let mut members = Vec::with_capacity(8);
        while let Some(key) = entries.next_key::<Key<'de>>()? {
            members.push((key.0, entries.next_value()?));
        }
        Ok(Node::object(members))
    }
}

/// A key that is borrowed if it needs no unescaping; serde's own impl for `Cow` always copies.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Node::deserialize(deserializer)? {
            Node::Text(text) => Ok(Self(text)),
            _ => Err(serde::de::Error::custom("a key is a string")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scalar() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-c\\u{1}\"\\\\é]{0,4}".prop_map(|text| Value::from(text).to_string()),
            any::<i64>().prop_map(|number| number.to_string()),
            "-?[0-9]{1,20}(\\.[0-9]{1,2})?",
            "true|false|null|nul|\\[1\\]|\\{\\}|\"",
        ]
    }

    proptest! {
        /// The short cut and the whole way come to the same, whatever the object holds and however it is spaced.
        #[test]
        fn a_flat_object_is_written_as_any_other(
            members in proptest::collection::vec(("[a-c_\"\\\\é]{0,3}", scalar(), "[ \n]{0,1}"), 0..6),
            tail in "[ }x]{0,1}",
        ) {
            let members: Vec<String> = members.iter().map(|(key, value, space)| format!("{space}{}:{space}{value}{space}", Value::from(key.as_str()))).collect();
            let json = format!("{{{}}}{tail}", members.join(","));
            let mut short = String::from("before");
            match serde_json::from_str::<Value>(&json) {
                Ok(value) => {
                    canonical_text(&json, &mut short).expect("JSON");
                    prop_assert_eq!(short, format!("before{}", canonical(&value)));
                }
                Err(_) => prop_assert!(canonical_text(&json, &mut short).is_err(), "{}", json),
            }
        }

        /// A float that came back as its neighbour would look like an event that was changed.
        #[test]
        fn every_float_survives_being_stored(bits: u64) {
            let float = f64::from_bits(bits);
            prop_assume!(float.is_finite());
            let text = canonical(&Value::from(float));
            let mut again = String::new();
            canonical_text(&text, &mut again).expect("JSON");
            prop_assert_eq!(&again, &text);
            prop_assert!(numbers_are_exact(&without_exponent(&text).unwrap_or(text)));
        }
    }

    #[test]
    fn digits_that_no_event_was_written_with_are_told() {
        for exact in
            ["0", "-7", "0.25", "18446744073709551615", "0.00000015", "100000000000000000000", "1e+300", r#"{"a\\":[1,"1.50\"2.50"]}"#]
        {
            assert!(numbers_are_exact(exact), "{exact}");
        }
        for other in ["0.250", "1.0", "0.1000000000000000001", "18446744073709551616.1", "100000000000000000001", r#"["1",{"a":1.50}]"#] {
            assert!(!numbers_are_exact(other), "{other}");
        }
    }

    #[test]
    fn keys_are_ordered_and_white_space_is_gone() {
        let value: Value = serde_json::from_str(r#" { "b" : [ 1 , -0.0, {"z": null, "a": "\u00e4\n"} ], "a" : true } "#).expect("JSON");
        assert_eq!(canonical(&value), r#"{"a":true,"b":[1,0,{"a":"ä\n","z":null}]}"#);
    }

    /// What PostgreSQL makes of such numbers: the right side is how jsonb gives them back.
    #[test]
    fn numbers_are_the_same_before_and_after_they_were_stored() {
        let stored = [
            ("1e16", "10000000000000000"),
            ("18446744073709551615", "18446744073709551615"),
            ("1e19", "10000000000000000000"),
            ("-9e18", "-9000000000000000000"),
            ("-0.0", "0.0"),
            ("1.0", "1.0"),
            ("1.50", "1.50"),
            ("1e-7", "0.0000001"),
            ("1e20", "100000000000000000000"),
            ("123456789012345678901234567890", "123456789012345680000000000000"),
        ];
        for (given, back) in stored {
            let parse = |text: &str| serde_json::from_str::<Value>(text).expect("a number");
            assert_eq!(canonical(&parse(given)), canonical(&parse(back)), "{given}");
        }
        assert_eq!(canonical(&serde_json::json!(1.0)), "1");
    }

    #[test]
    fn a_text_needs_no_value_in_between() {
        for json in [
            r#" { "b" : [ 1 , -0.0, {"z": null, "a": "\u00e4\n"} ], "a" : true, "1": -3, "\"k": 1.50, "e": 1e-7, "u": 18446744073709551615 } "#,
            r#"{"a": 1, "b": 2, "a": {"x": 3}, "c": "\u0001\u007f/\ud83d\ude00"}"#,
            r#"[[], {}, "", 123456789012345678901234567890, 1E400]"#,
            "true",
        ] {
            let mut text = String::new();
            match serde_json::from_str::<Value>(json) {
                Ok(value) => {
                    canonical_text(json, &mut text).expect("JSON");
                    assert_eq!(text, canonical(&value));
                }
                Err(_) => assert!(canonical_text(json, &mut text).is_err(), "{json}"),
            }
        }
    }

    #[test]
    fn the_canonical_text_is_its_own_canonical_text() {
        let text = r#"{"a":1.5,"b":[1e300,"\u0001"],"c":{}}"#;
        let value: Value = serde_json::from_str(text).expect("JSON");
        let again: Value = serde_json::from_str(&canonical(&value)).expect("JSON");
        assert_eq!(canonical(&again), canonical(&value));
    }
}
