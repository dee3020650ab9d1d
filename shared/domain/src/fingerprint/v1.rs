//! First version of the fingerprint, which was stored until November 2026. It converts integers beyond 64 bits to
//! floating-point numbers.

use serde_json::Value;

use super::{write_infallibly, write_text};

pub(super) fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(value, &mut out);
    out
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

fn write_number(number: &serde_json::Number, out: &mut String) {
    if let Some(integer) = number.as_i64() {
        write_infallibly(out, format_args!("{integer}"));
    } else if let Some(integer) = number.as_u64() {
        write_infallibly(out, format_args!("{integer}"));
    } else if let Some(float) = number.as_f64() {
        // A whole float names exactly one integer up to 2^53. `+ 0.0` turns a negative zero into a positive one.
        if float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0 {
            write_infallibly(out, format_args!("{:.0}", float + 0.0));
        } else {
            write_infallibly(out, format_args!("{float:e}"));
        }
    }
}
