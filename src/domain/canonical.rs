//! The canonical text of a JSON value: what the hash chain of the ledger is made of (design 6).
//!
//! jsonb text is not stable, so the bytes are our own: no white space, keys in the order of their bytes, no negative zero.

use serde_json::{Number, Value};

/// Writes a value in its canonical form.
#[must_use]
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(object) => {
            let mut members: Vec<(&String, &Value)> = object.iter().collect();
            members.sort_unstable_by_key(|(key, _)| key.as_bytes());
            text.push('{');
            for (index, (key, member)) in members.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write(member, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Value::Number(number) => text.push_str(&number_text(number)),
        scalar => text.push_str(&scalar.to_string()),
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn the_canonical_text_is_its_own_canonical_text() {
        let text = r#"{"a":1.5,"b":[1e300,"\u0001"],"c":{}}"#;
        let value: Value = serde_json::from_str(text).expect("JSON");
        let again: Value = serde_json::from_str(&canonical(&value)).expect("JSON");
        assert_eq!(canonical(&again), canonical(&value));
    }
}
