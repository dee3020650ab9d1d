//! Subset of JSON Schema that describes and checks the arguments of tools.
//!
//! Supported keywords, with their meaning in draft 2020-12: `type` (one, or a list), `enum`, `const`, `properties`,
//! `required`, `additionalProperties`, `items`, `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `minLength`,
//! `maxLength`, `minItems`, `maxItems`. Keywords that only describe are ignored: `title`, `description`, `default`,
//! `examples`, `format` and the like.
//!
//! A schema with any other keyword is refused, and the error names the keyword. A rule that would silently not be checked
//! is worse than none, so no agent with such a tool is stored. In particular, `$ref`, `anyOf` and similar keywords are not
//! supported; a value that may be null has `"type": ["string", "null"]`. `pattern` is not supported either, because the
//! author of an expression decides how much time it costs.
//!
//! This is our own code. The well-kept crates (`jsonschema`, `boon`) add a megabyte and more, for regular expressions,
//! references and seven drafts. The artifact has no room for that.

use serde_json::{Map, Number, Value};
use strum::{EnumString, IntoStaticStr};

mod example;
#[cfg(test)]
mod tests;
mod validate;

pub use validate::Violation;

/// Maximum nesting of schemas. Reading and checking them is recursive.
const DEEPEST: usize = 16;

/// Keywords that describe a value and do not restrict it.
const ANNOTATIONS: [&str; 11] = [
    "title",
    "description",
    "default",
    "example",
    "examples",
    "format",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$schema",
    "$comment",
];

/// Schema that was read and is supported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// Types that a value may have; empty for all types.
    types: Vec<Type>,
    /// Values that are allowed; `None` for all values.
    allowed: Option<Vec<Value>>,
    properties: Vec<(String, Schema)>,
    required: Vec<String>,
    additional: Additional,
    items: Option<Box<Schema>>,
    minimum: Option<Number>,
    maximum: Option<Number>,
    above: Option<Number>,
    below: Option<Number>,
    length: Within,
    count: Within,
}

/// Type in JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

/// Rule for properties of an object that `properties` does not name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Additional {
    #[default]
    Anything,
    Nothing,
    Each(Box<Schema>),
}

/// Limits on a length, or on a number of items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Within {
    least: Option<u64>,
    most: Option<u64>,
}

/// Error for a schema that is not supported or makes no sense. It names the position and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", prefix(.path))]
pub struct SchemaError {
    /// Names that lead to the wrong position, separated by `.`; empty for the schema itself.
    pub path: String,
    message: String,
}

/// Returns the path as the prefix of a message; empty for the schema itself.
fn prefix(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}: ") }
}

impl SchemaError {
    #[cold]
    fn new(path: &[&str], message: &str) -> Self {
        Self { path: path.join("."), message: message.to_owned() }
    }
}

impl Schema {
    /// Parses a schema.
    ///
    /// # Errors
    /// [`SchemaError`] about the first part that is not supported.
    pub fn parse(value: &Value) -> Result<Self, SchemaError> {
        Self::read(value, &mut Vec::new())
    }

    /// Returns `true` if the schema describes objects only.
    pub fn is_of_objects(&self) -> bool {
        self.types == [Type::Object]
    }

    fn read<'a>(value: &'a Value, path: &mut Vec<&'a str>) -> Result<Self, SchemaError> {
        if path.len() > DEEPEST {
            return Err(SchemaError::new(path, &format!("schemas stand deeper than {DEEPEST} in one another")));
        }
        let keywords = value.as_object().ok_or_else(|| SchemaError::new(path, "a schema must be a JSON object"))?;
        let mut schema = Self::default();
        for (keyword, value) in keywords {
            path.push(keyword);
            schema.take(keyword, value, path)?;
            path.pop();
        }
        Ok(schema)
    }

    fn take<'a>(&mut self, keyword: &str, value: &'a Value, path: &mut Vec<&'a str>) -> Result<(), SchemaError> {
        match keyword {
            "type" => self.types = types(value, path)?,
            "enum" => {
                let values = value.as_array().filter(|values| !values.is_empty());
                self.allow(values.ok_or_else(|| SchemaError::new(path, "must be a list of values"))?.clone());
            }
            "const" => self.allow(vec![value.clone()]),
            "properties" => {
                let properties = value.as_object().ok_or_else(|| SchemaError::new(path, "must be an object"))?;
                self.properties = read_each(properties, path)?;
            }
            "required" => self.required = names(value, path)?,
            "additionalProperties" => {
                self.additional = match value {
                    Value::Bool(true) => Additional::Anything,
                    Value::Bool(false) => Additional::Nothing,
                    schema => Additional::Each(Box::new(Self::read(schema, path)?)),
                };
            }
            "items" => self.items = Some(Box::new(Self::read(value, path)?)),
            "minimum" => self.minimum = Some(number(value, path)?),
            "maximum" => self.maximum = Some(number(value, path)?),
            "exclusiveMinimum" => self.above = Some(number(value, path)?),
            "exclusiveMaximum" => self.below = Some(number(value, path)?),
            "minLength" => self.length.least = Some(count(value, path)?),
            "maxLength" => self.length.most = Some(count(value, path)?),
            "minItems" => self.count.least = Some(count(value, path)?),
            "maxItems" => self.count.most = Some(count(value, path)?),
            annotation if ANNOTATIONS.contains(&annotation) => {}
            _ => return Err(SchemaError::new(path, "is not a supported keyword")),
        }
        Ok(())
    }

    fn property(&self, name: &str) -> Option<&Self> {
        self.properties.iter().find(|(other, _)| other == name).map(|(_, schema)| schema)
    }

    /// Restricts the value to these values. An earlier restriction still applies.
    fn allow(&mut self, mut values: Vec<Value>) {
        if let Some(before) = &self.allowed {
            values.retain(|value| before.iter().any(|other| validate::is_same(value, other)));
        }
        self.allowed = Some(values);
    }
}

fn read_each<'a>(
    properties: &'a Map<String, Value>,
    path: &mut Vec<&'a str>,
) -> Result<Vec<(String, Schema)>, SchemaError> {
    let mut schemas = Vec::new();
    for (name, value) in properties {
        path.push(name);
        schemas.push((name.clone(), Schema::read(value, path)?));
        path.pop();
    }
    Ok(schemas)
}

fn types(value: &Value, path: &[&str]) -> Result<Vec<Type>, SchemaError> {
    let names = match value {
        Value::Array(names) => names.as_slice(),
        name => std::slice::from_ref(name),
    };
    let types: Option<Vec<Type>> = names.iter().map(|name| Type::named(name.as_str()?)).collect();
    types.filter(|types| !types.is_empty()).ok_or_else(|| {
        SchemaError::new(path, "must be of null, boolean, integer, number, string, array and object: one, or a list")
    })
}

fn names(value: &Value, path: &[&str]) -> Result<Vec<String>, SchemaError> {
    let names = value.as_array().map(|names| names.iter().map(|name| name.as_str().map(str::to_owned)));
    let names: Option<Vec<String>> = names.and_then(Iterator::collect);
    names.ok_or_else(|| SchemaError::new(path, "must be a list of names"))
}

fn number(value: &Value, path: &[&str]) -> Result<Number, SchemaError> {
    value.as_number().cloned().ok_or_else(|| SchemaError::new(path, "must be a number"))
}

fn count(value: &Value, path: &[&str]) -> Result<u64, SchemaError> {
    value.as_u64().ok_or_else(|| SchemaError::new(path, "must be a whole number from 0 up"))
}

impl Type {
    fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    fn as_str(self) -> &'static str {
        self.into()
    }
}
