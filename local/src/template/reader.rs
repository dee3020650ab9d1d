//! Access to properties, with errors that name the resource and the property.

use serde_json::{Map, Value};

use crate::Error;

/// Value of the template, with its resource and path.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    resource: &'a str,
    path: String,
    value: &'a Value,
}

impl<'a> Reader<'a> {
    pub(super) fn new(resource: &'a str, path: &str, value: &'a Value) -> Self {
        Self { resource, path: path.to_owned(), value }
    }

    pub(super) fn error(&self, reason: impl Into<String>) -> Error {
        Error::template(self.resource, &self.path, reason)
    }

    /// Returns the property if it is set.
    pub(super) fn get(&self, name: &str) -> Option<Self> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(self.child(name, value))
    }

    pub(super) fn required(&self, name: &str) -> Result<Self, Error> {
        self.get(name).ok_or_else(|| Error::template(self.resource, &joined(&self.path, name), "is missing"))
    }

    fn child(&self, name: &str, value: &'a Value) -> Self {
        Self { resource: self.resource, path: joined(&self.path, name), value }
    }

    pub(super) fn text(&self) -> Result<&'a str, Error> {
        self.value.as_str().ok_or_else(|| self.error(format!("should be a text the local stack knows: {}", self.value)))
    }

    pub(super) fn flag(&self) -> Result<bool, Error> {
        match self.value {
            Value::Bool(flag) => Ok(*flag),
            Value::String(text) if text == "true" || text == "false" => Ok(text == "true"),
            other => Err(self.error(format!("should be true or false: {other}"))),
        }
    }

    /// Returns a whole number. CloudFormation also accepts one as text, for example as a parameter's value.
    pub(super) fn number(&self) -> Result<u32, Error> {
        let number = match self.value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        number
            .and_then(|number| u32::try_from(number).ok())
            .ok_or_else(|| self.error(format!("should be a whole number: {}", self.value)))
    }

    pub(super) fn number_or(&self, name: &str, default: u32) -> Result<u32, Error> {
        self.get(name).map_or(Ok(default), |value| value.number())
    }

    pub(super) fn list(&self) -> Result<Vec<Self>, Error> {
        let items = self.value.as_array().ok_or_else(|| self.error("should be a list"))?;
        Ok(items.iter().enumerate().map(|(at, item)| self.child(&at.to_string(), item)).collect())
    }

    pub(super) fn entries(&self) -> Result<Vec<(&'a str, Self)>, Error> {
        let map: &Map<String, Value> = self.value.as_object().ok_or_else(|| self.error("should be a map"))?;
        Ok(map.iter().map(|(name, value)| (name.as_str(), self.child(name, value))).collect())
    }

    /// Returns the logical id in `!GetAtt <id>.Arn`.
    pub(super) fn arn_of(&self) -> Result<String, Error> {
        match self.value.get("Fn::GetAtt").and_then(Value::as_array).map(Vec::as_slice) {
            Some([Value::String(resource), Value::String(attribute)]) if attribute == "Arn" => Ok(resource.clone()),
            _ => Err(self.error(format!("should be !GetAtt <queue>.Arn: {}", self.value))),
        }
    }

    pub(super) fn value(&self) -> &'a Value {
        self.value
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
