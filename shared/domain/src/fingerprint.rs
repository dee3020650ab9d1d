//! Fingerprint of a request. It is equal for two requests with the same values, in any key order and with any white
//! space.
//!
//! A fingerprint begins with the version of its computation. A fingerprint that was stored in an earlier version is
//! compared with one computed in that version, so that a replay still works after a deploy.

mod decimal;
mod v1;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::digest::hex;
use decimal::write_number;

const FORMER: &str = "v1";
const CURRENT: &str = "v2";

/// Fingerprint of the values in a client's request. Defaults, settings and time are not part of it.
///
/// Numbers count as decimal values of any size: `1`, `1.0` and `10e-1` are one value, `1e17` is `100000000000000000`,
/// and two integers beyond 64 bits are two values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    current: String,
    former: String,
}

impl Fingerprint {
    /// Returns the fingerprint of a JSON body. `value` is the value that was parsed from `text`.
    pub fn of(text: &str, value: &Value) -> Self {
        let former = format!("{FORMER}:{}", digest(&v1::canonical(value)));
        // The body was parsed into a value before, so it parses here, too. The text has the numbers without loss.
        let current = serde_json::from_str::<&RawValue>(text).ok().and_then(canonical);
        let current = current.map_or_else(|| former.clone(), |canonical| format!("{CURRENT}:{}", digest(&canonical)));
        Self { current, former }
    }

    /// Returns a fingerprint that was computed and stored before.
    pub fn stored(text: String) -> Self {
        Self { former: text.clone(), current: text }
    }

    /// Returns the fingerprint of the part of the request with this name.
    pub fn part(&self, name: impl std::fmt::Display) -> Self {
        Self { current: format!("{}#{name}", self.current), former: format!("{}#{name}", self.former) }
    }

    /// Returns the fingerprint in the current version, in which it is stored.
    pub fn as_str(&self) -> &str {
        &self.current
    }

    /// Returns `true` if a stored fingerprint, of any version, belongs to the same request.
    pub fn is(&self, stored: &str) -> bool {
        stored == self.current || stored == self.former
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.current
    }
}

fn digest(canonical: &str) -> String {
    hex(&Sha256::digest(canonical.as_bytes()))
}

fn canonical(value: &RawValue) -> Option<String> {
    let mut out = String::new();
    write_canonical(value, &mut out)?;
    Some(out)
}

fn write_canonical(value: &RawValue, out: &mut String) -> Option<()> {
    let text = value.get();
    match text.as_bytes().first()? {
        b'{' => {
            let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            out.push('{');
            for (name, field) in fields {
                write_text(&name, out);
                out.push(':');
                write_canonical(field, out)?;
                out.push(',');
            }
            out.push('}');
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            out.push('[');
            for item in items {
                write_canonical(item, out)?;
                out.push(',');
            }
            out.push(']');
        }
        b'"' => write_text(&serde_json::from_str::<String>(text).ok()?, out),
        b't' | b'f' | b'n' => out.push_str(text),
        _ => write_number(text, out),
    }
    Some(())
}

/// Writes a text with its length before it. Two texts cannot run into each other, so no quoting is needed.
fn write_text(text: &str, out: &mut String) {
    write_infallibly(out, format_args!("{}\"{text}", text.len()));
}

fn write_infallibly(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments).unwrap_or_else(|_| unreachable!("writing to a String does not fail"));
}

#[cfg(test)]
mod tests;
