//! The canonical text of a JSON value: what the hash chain of the ledger is made of (design 6).
//!
//! jsonb text is not stable, so the bytes are our own: no white space, keys in the order of their bytes, no negative zero.

use serde_json::Value;

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
        // PostgreSQL has no negative zero, so its text would come back as another one.
        Value::Number(number) if number.as_f64() == Some(0.0) => text.push('0'),
        scalar => text.push_str(&scalar.to_string()),
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

    #[test]
    fn the_canonical_text_is_its_own_canonical_text() {
        let text = r#"{"a":1.5,"b":[1e300,"\u0001"],"c":{}}"#;
        let value: Value = serde_json::from_str(text).expect("JSON");
        let again: Value = serde_json::from_str(&canonical(&value)).expect("JSON");
        assert_eq!(canonical(&again), canonical(&value));
    }
}
