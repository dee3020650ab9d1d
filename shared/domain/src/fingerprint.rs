//! The fingerprint of a request: equal for two requests that say the same, whatever their key order and white space.

use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::ids::hex;

/// Part of the fingerprint, so that a later way of computing it does not break replays of what was accepted before:
/// a stored fingerprint is compared with one computed in its own version.
const VERSION: &str = "v1";

/// The fingerprint of what a client sent, by value.
///
/// Defaults, settings and time are no part of it. `1`, `1.0` and `1e0` are one value.
pub fn fingerprint(body: &Value) -> String {
    let mut canonical = String::new();
    write_canonical(body, &mut canonical);
    format!("{VERSION}:{}", hex(&Sha256::digest(canonical.as_bytes())))
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write_canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_unstable();
            out.push('{');
            for name in names {
                write_text(name, out);
                out.push(':');
                write_canonical(&fields[name.as_str()], out);
                out.push(',');
            }
            out.push('}');
        }
    }
}

/// A text with its length before it: no quoting is needed for two texts never to run into each other.
fn write_text(text: &str, out: &mut String) {
    write_infallibly(out, format_args!("{}\"{text}", text.len()));
}

fn write_number(number: &serde_json::Number, out: &mut String) {
    if let Some(integer) = number.as_i64() {
        write_infallibly(out, format_args!("{integer}"));
    } else if let Some(integer) = number.as_u64() {
        write_infallibly(out, format_args!("{integer}"));
    } else if let Some(float) = number.as_f64() {
        // Up to 2^53 a whole float names exactly one integer; `+ 0.0` makes one zero of two.
        if float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0 {
            write_infallibly(out, format_args!("{:.0}", float + 0.0));
        } else {
            write_infallibly(out, format_args!("{float:e}"));
        }
    }
}

fn write_infallibly(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments).unwrap_or_else(|_| unreachable!("writing to a String does not fail"));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::fingerprint;

    #[test]
    fn key_order_and_white_space_do_not_count() {
        let one: Value = serde_json::from_str(r#"{"a":1,"b":{"c":[1,2],"d":"x"}}"#).unwrap();
        let two: Value = serde_json::from_str("{ \"b\": {\"d\":\"x\", \"c\": [1.0, 2]},\n\"a\": 1e0 }").unwrap();
        assert_eq!(fingerprint(&one), fingerprint(&two));
    }

    #[test]
    fn every_difference_in_value_counts() {
        let values = [
            json!({"a": 1}),
            json!({"a": "1"}),
            json!({"a": 2}),
            json!({"a": 1, "b": null}),
            json!({"a": [1]}),
            json!({"a": {"1": 1}}),
            json!({"a": true}),
            json!({"a": 1.5}),
            json!({"a": "1\"b"}),
            json!({"a": ["x", "y"]}),
            json!({"a": ["xy"]}),
            json!({"a": ["x", "y", ""]}),
        ];
        let prints: std::collections::BTreeSet<String> = values.iter().map(fingerprint).collect();
        assert_eq!(prints.len(), values.len());
    }
}
