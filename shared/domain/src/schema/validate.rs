//! Validation of a value against a schema.

use std::cmp::Ordering;
use std::fmt;

use serde_json::{Map, Number, Value};

use super::{Additional, Schema, Type, Within};

/// Maximum number of violations that are reported. The author of the value reads all of them.
const MOST_VIOLATIONS: usize = 10;

/// Maximum number of characters of a name that are reported. The name may be invented by the author of the value.
const SHOWN_CHARACTERS: usize = 64;

/// Violation of a schema, at one position of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Names and indices that lead to the position, separated by `.`; empty for the value itself.
    pub path: String,
    /// Description of the violation, as the continuation of "This value …".
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.path.is_empty() { "the value" } else { &self.path }, self.message)
    }
}

impl Schema {
    /// Returns the violations of this schema in a value, ten at most. The list is empty if the value fits.
    pub fn violations(&self, value: &Value) -> Vec<Violation> {
        let mut found = Found { path: Vec::new(), violations: Vec::new() };
        self.check(value, &mut found);
        found.violations
    }

    fn check(&self, value: &Value, found: &mut Found) {
        if !self.types.is_empty() && !self.types.iter().any(|kind| kind.has(value)) {
            let types: Vec<&str> = self.types.iter().map(|kind| kind.as_str()).collect();
            return found.tell(format_args!("must be of type {}", types.join(" or ")));
        }
        if let Some(allowed) = &self.allowed
            && !allowed.iter().any(|other| is_same(value, other))
        {
            let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
            found.tell(format_args!("must be one of {}", allowed.join(", ")));
        }
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => self.check_number(number, found),
            Value::String(text) => {
                self.length.check(text.chars().count(), "characters", found);
            }
            Value::Array(items) => {
                self.count.check(items.len(), "items", found);
                for (place, item) in items.iter().enumerate() {
                    if let Some(schema) = &self.items {
                        found.inside(&place.to_string(), &|found| schema.check(item, found));
                    }
                }
            }
            Value::Object(fields) => self.check_object(fields, found),
        }
    }

    fn check_number(&self, number: &Number, found: &mut Found) {
        let bounds = [
            (&self.minimum, "at least", [Ordering::Greater, Ordering::Equal].as_slice()),
            (&self.maximum, "at most", &[Ordering::Less, Ordering::Equal]),
            (&self.above, "greater than", &[Ordering::Greater]),
            (&self.below, "less than", &[Ordering::Less]),
        ];
        for (bound, relation, good) in bounds {
            if let Some(bound) = bound
                && !good.contains(&compare(number, bound))
            {
                found.tell(format_args!("must be {relation} {bound}"));
            }
        }
    }

    fn check_object(&self, fields: &Map<String, Value>, found: &mut Found) {
        for name in self.required.iter().filter(|name| !fields.contains_key(*name)) {
            found.inside(name, &|found| found.tell(format_args!("is required")));
        }
        for (name, value) in fields {
            found.inside(name, &|found| match (self.property(name), &self.additional) {
                (Some(schema), _) => schema.check(value, found),
                (None, Additional::Anything) => {}
                (None, Additional::Nothing) => found.tell(format_args!("is not a known property")),
                (None, Additional::Each(schema)) => schema.check(value, found),
            });
        }
    }
}

/// Violations so far, and the current position of the check.
struct Found {
    path: Vec<String>,
    violations: Vec<Violation>,
}

impl Found {
    #[cold]
    fn tell(&mut self, message: fmt::Arguments<'_>) {
        if self.violations.len() < MOST_VIOLATIONS {
            self.violations.push(Violation { path: self.path.join("."), message: message.to_string() });
        }
    }

    fn inside(&mut self, name: &str, check: &dyn Fn(&mut Self)) {
        let end = name.char_indices().nth(SHOWN_CHARACTERS).map_or(name.len(), |(end, _)| end);
        self.path.push(name[..end].to_owned());
        check(self);
        self.path.pop();
    }
}

impl Within {
    fn check(self, size: usize, of_what: &str, found: &mut Found) {
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        if let Some(least) = self.least.filter(|least| size < *least) {
            found.tell(format_args!("must have at least {least} {of_what}"));
        }
        if let Some(most) = self.most.filter(|most| size > *most) {
            found.tell(format_args!("must have at most {most} {of_what}"));
        }
    }
}

impl Type {
    fn has(self, value: &Value) -> bool {
        match self {
            Self::Null => value.is_null(),
            Self::Boolean => value.is_boolean(),
            // The number 1.0 is an integer too.
            Self::Integer => value.as_number().is_some_and(is_whole),
            Self::Number => value.is_number(),
            Self::String => value.is_string(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
        }
    }
}

fn is_whole(number: &Number) -> bool {
    as_integer(number).is_some() || number.as_f64().is_some_and(|float| float.fract() == 0.0)
}

fn as_integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

/// Compares two numbers by value: integers exactly, and others as floats. A JSON number is never NaN.
fn compare(one: &Number, other: &Number) -> Ordering {
    if let (Some(one), Some(other)) = (as_integer(one), as_integer(other)) {
        return one.cmp(&other);
    }
    one.as_f64().partial_cmp(&other.as_f64()).unwrap_or(Ordering::Equal)
}

/// Returns `true` if two values are equal. 1 and 1.0 are equal, too.
pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => compare(one, other) == Ordering::Equal,
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let has = |(name, value)| other.get(name).is_some_and(|other: &Value| is_same(value, other));
            one.len() == other.len() && one.iter().all(has)
        }
        (one, other) => one == other,
    }
}
