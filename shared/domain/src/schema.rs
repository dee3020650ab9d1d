//! The part of JSON Schema by which a tool's arguments are described and checked.
//!
//! Understood: `type` (one, or a list), `enum`, `const`, `properties`, `required`, `additionalProperties`, `items`,
//! `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `minLength`, `maxLength`, `minItems`, `maxItems`, each with
//! its meaning by draft 2020-12. What only describes (`title`, `description`, `default`, `examples`, `format` and the like)
//! is passed over.
//!
//! Refused, by name, when a schema is read: every other keyword. A rule that would silently not be checked is worse than
//! none, and no agent that has such a tool is stored. In particular there is no `$ref`, no `anyOf` and its kind (a value that
//! may be null has `"type": ["string", "null"]`), and no `pattern`: expressions cost time that whoever writes them chooses.
//!
//! Our own, since the well-kept crates (`jsonschema`, `boon`) bring a megabyte and more into an artifact that has no room
//! for it: regular expressions, references, and seven drafts.

use serde_json::{Map, Number, Value};
use strum::{EnumString, IntoStaticStr};

mod example;
#[cfg(test)]
mod tests;
mod validate;

pub use validate::Violation;

/// How deep schemas may stand in one another: reading and checking them recurses.
const DEEPEST: usize = 16;

/// Keywords that describe and do not restrict.
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

/// A schema, understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// The types a value may have; none stands for all.
    types: Vec<Type>,
    /// The values it may be.
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

/// The types of JSON Schema.
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

/// What an object may have beside its named properties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Additional {
    #[default]
    Anything,
    Nothing,
    Each(Box<Schema>),
}

/// A length, or a number of items, within bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Within {
    least: Option<u64>,
    most: Option<u64>,
}

/// A schema that is not understood, or makes no sense. Says where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", prefix(.path))]
pub struct SchemaError {
    /// The names that lead to the wrong place, with `.` between them; empty for the schema itself.
    pub path: String,
    message: String,
}

/// The path before a message; nothing for the schema itself.
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
    /// Reads a schema.
    ///
    /// # Errors
    /// [`SchemaError`] about the first place that is not understood.
    pub fn parse(value: &Value) -> Result<Self, SchemaError> {
        Self::read(value, &mut Vec::new())
    }

    /// Whether it describes objects, and nothing else.
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

    /// Restricts the value to these, and to what it was restricted to before.
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
