//! Example value for a schema.

use serde_json::{Map, Number, Value};

use super::{Additional, Schema, Type};

/// Text that example strings are made of.
const TEXT: &str = "example";

/// Example number, if no bound excludes it.
const NUMBER: f64 = 1.0;

/// Maximum length of an example string, and maximum number of items in an example list. A schema may ask for more than is
/// useful.
const LARGEST: u64 = 1_000;

impl Schema {
    /// Returns the simplest value that fits the schema: the first allowed value, or else a value of the first type. An
    /// object has its required properties, and a list has its minimum number of items. The value does not fit if the schema
    /// contradicts itself, or asks for a very long string or list. It does not fit either if the schema requires a property
    /// that it neither describes nor allows.
    pub fn example(&self) -> Value {
        if let Some(first) = self.allowed.as_ref().and_then(|allowed| allowed.first()) {
            return first.clone();
        }
        match self.types.first().copied().unwrap_or_else(|| self.likely_type()) {
            Type::Null => Value::Null,
            Type::Boolean => Value::Bool(true),
            Type::Integer => self.whole_number(),
            Type::Number => self.any_number(),
            Type::String => Value::String(self.text()),
            Type::Array => {
                let item = self.items.as_ref().map_or(Value::Null, |schema| schema.example());
                let items = self.count.least.unwrap_or(0).min(LARGEST);
                Value::Array((0..items).map(|_| item.clone()).collect())
            }
            Type::Object => Value::Object(self.object()),
        }
    }

    /// Returns the type that the keywords of a schema without `type` suggest.
    fn likely_type(&self) -> Type {
        if !self.properties.is_empty() || !self.required.is_empty() {
            Type::Object
        } else if self.items.is_some() {
            Type::Array
        } else if [&self.minimum, &self.maximum, &self.above, &self.below].iter().any(|bound| bound.is_some()) {
            Type::Number
        } else {
            Type::String
        }
    }

    fn object(&self) -> Map<String, Value> {
        let anything = Self::default();
        let others = match &self.additional {
            Additional::Anything | Additional::Nothing => &anything,
            Additional::Each(schema) => schema,
        };
        let schema = |name: &String| self.property(name).unwrap_or(others);
        self.required.iter().map(|name| (name.clone(), schema(name).example())).collect()
    }

    fn text(&self) -> String {
        let least = self.length.least.unwrap_or(0).min(LARGEST);
        let usual = u64::try_from(TEXT.len()).unwrap_or(u64::MAX);
        let length = usual.max(least).min(self.length.most.unwrap_or(u64::MAX));
        TEXT.chars().cycle().take(usize::try_from(length).unwrap_or(0)).collect()
    }

    fn whole_number(&self) -> Value {
        let least = highest(float(&self.minimum).map(f64::ceil), float(&self.above).map(|bound| bound.floor() + 1.0));
        let most = lowest(float(&self.maximum).map(f64::floor), float(&self.below).map(|bound| bound.ceil() - 1.0));
        let number = lowest(most, highest(least, Some(NUMBER))).unwrap_or(NUMBER);
        // A float beyond 2^53 is a whole number too, but maybe not the intended one.
        #[expect(clippy::cast_possible_truncation, reason = "a cast from a float stops at the largest integer")]
        let whole = number as i64;
        Value::from(whole)
    }

    fn any_number(&self) -> Value {
        if let Value::Number(whole) = self.whole_number()
            && self.violations(&Value::Number(whole.clone())).is_empty()
        {
            return Value::Number(whole);
        }
        // No whole number fits between the bounds. The middle fits, unless no number does.
        let least = highest(float(&self.minimum), float(&self.above));
        let most = lowest(float(&self.maximum), float(&self.below));
        let middle = least.zip(most).map_or(NUMBER, |(least, most)| f64::midpoint(least, most));
        Number::from_f64(middle).map_or(Value::from(1), Value::Number)
    }
}

fn float(bound: &Option<Number>) -> Option<f64> {
    bound.as_ref().and_then(Number::as_f64)
}

/// Returns the higher of two lower bounds, each of which may be missing.
fn highest(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    one.into_iter().chain(other).reduce(f64::max)
}

/// Returns the lower of two upper bounds, each of which may be missing.
fn lowest(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    one.into_iter().chain(other).reduce(f64::min)
}
