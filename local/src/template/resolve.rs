//! Intrinsic functions of CloudFormation, for values that depend only on parameters, conditions and the local stack's
//! resources.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Values by name: parameters, pseudo parameters (`AWS::Region`) and resources (`Queue` for its `Ref`, `Queue.Arn` for
/// an attribute).
pub type Names = BTreeMap<String, String>;

/// Names and conditions for the evaluation of values.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    pub(super) names: Names,
    pub(super) conditions: BTreeMap<String, bool>,
}

/// Pseudo parameter: `{"Ref": "AWS::NoValue"}` removes the property whose value it is.
const NO_VALUE: &str = "AWS::NoValue";

impl Scope {
    /// Evaluates a value. Parts that refer to an unknown name stay unchanged, so that they can be evaluated later.
    pub(super) fn evaluate(&self, value: &Value) -> Result<Value, String> {
        match value {
            Value::Array(items) => {
                let mut evaluated = Vec::with_capacity(items.len());
                for item in items.iter() {
                    let item = self.evaluate(item)?;
                    if !is_no_value(&item) {
                        evaluated.push(item);
                    }
                }
                Ok(Value::Array(evaluated))
            }
            Value::Object(map) => match only_entry(map) {
                Some((name, argument)) => self.intrinsic(name, argument, value),
                None => self.evaluate_map(map),
            },
            other => Ok(other.clone()),
        }
    }

    fn evaluate_map(&self, map: &Map<String, Value>) -> Result<Value, String> {
        let mut evaluated = Map::new();
        for (key, value) in map {
            let value = self.evaluate(value)?;
            if !is_no_value(&value) {
                evaluated.insert(key.clone(), value);
            }
        }
        Ok(Value::Object(evaluated))
    }

    fn intrinsic(&self, name: &str, argument: &Value, whole: &Value) -> Result<Value, String> {
        match name {
            "Ref" => Ok(self.named(argument.as_str().unwrap_or_default()).unwrap_or_else(|| whole.clone())),
            "Fn::GetAtt" => {
                let path = argument.as_array().map(|parts| parts.iter().filter_map(Value::as_str).collect::<Vec<_>>());
                let path = path.unwrap_or_default().join(".");
                Ok(self.named(&path).unwrap_or_else(|| whole.clone()))
            }
            "Fn::Sub" => self.substitute(argument, whole),
            "Fn::Join" => self.join(argument, whole),
            "Fn::If" => match argument.as_array().map(Vec::as_slice) {
                Some([Value::String(condition), yes, no]) => {
                    self.evaluate(if self.condition(condition)? { yes } else { no })
                }
                _ => Err("Fn::If takes a condition and two values".to_owned()),
            },
            _ => match whole.as_object() {
                Some(map) => self.evaluate_map(map),
                None => Ok(whole.clone()),
            },
        }
    }

    fn named(&self, name: &str) -> Option<Value> {
        self.names.get(name).map(|value| Value::String(value.clone()))
    }

    fn substitute(&self, argument: &Value, whole: &Value) -> Result<Value, String> {
        let (pattern, own) = match argument {
            Value::String(pattern) => (pattern.as_str(), None),
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(pattern), Value::Object(own)] => (pattern.as_str(), Some(own)),
                _ => return Err("Fn::Sub takes a text, or a text and a map".to_owned()),
            },
            _ => return Err("Fn::Sub takes a text, or a text and a map".to_owned()),
        };
        let mut text = String::new();
        let mut rest = pattern;
        while let Some(start) = rest.find("${") {
            text.push_str(&rest[..start]);
            let end = rest[start..].find('}').ok_or_else(|| format!("Fn::Sub: `{pattern}` lacks a closing brace"))?;
            let name = &rest[start + 2..start + end];
            rest = &rest[start + end + 1..];
            if let Some(literal) = name.strip_prefix('!') {
                text.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let value = match own.and_then(|own| own.get(name)) {
                Some(value) => scalar_text(&self.evaluate(value)?),
                None => self.names.get(name).cloned(),
            };
            match value {
                Some(value) => text.push_str(&value),
                None => return Ok(whole.clone()),
            }
        }
        text.push_str(rest);
        Ok(Value::String(text))
    }

    fn join(&self, argument: &Value, whole: &Value) -> Result<Value, String> {
        let Some([Value::String(delimiter), Value::Array(parts)]) = argument.as_array().map(Vec::as_slice) else {
            return Err("Fn::Join takes a delimiter and a list".to_owned());
        };
        let mut texts = Vec::with_capacity(parts.len());
        for part in parts {
            match scalar_text(&self.evaluate(part)?) {
                Some(text) => texts.push(text),
                None => return Ok(whole.clone()),
            }
        }
        Ok(Value::String(texts.join(delimiter)))
    }

    /// Returns the value of a named condition.
    pub(super) fn condition(&self, name: &str) -> Result<bool, String> {
        self.conditions.get(name).copied().ok_or_else(|| format!("there is no condition {name}"))
    }

    /// Evaluates an entry of the template's `Conditions`.
    pub(super) fn test(&self, value: &Value) -> Result<bool, String> {
        let Some((name, argument)) = value.as_object().and_then(only_entry) else {
            return Err("a condition is one of Fn::Equals, Fn::Not, Fn::And, Fn::Or, Condition".to_owned());
        };
        let operands = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match (name, operands) {
            ("Condition", _) => self.condition(argument.as_str().unwrap_or_default()),
            ("Fn::Equals", [left, right]) => {
                Ok(scalar_text(&self.evaluate(left)?) == scalar_text(&self.evaluate(right)?))
            }
            ("Fn::Not", [operand]) => Ok(!self.test(operand)?),
            ("Fn::And", operands) => operands.iter().try_fold(true, |all, operand| Ok(self.test(operand)? && all)),
            ("Fn::Or", operands) => operands.iter().try_fold(false, |any, operand| Ok(self.test(operand)? || any)),
            (other, _) => Err(format!("the local stack cannot evaluate {other} with {} operands", operands.len())),
        }
    }
}

/// Returns a scalar as text, which is how CloudFormation passes it.
pub(super) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn only_entry(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = map.iter();
    match (entries.next(), entries.next()) {
        (Some((name, value)), None) if name == "Ref" || name == "Condition" || name.starts_with("Fn::") => {
            Some((name, value))
        }
        _ => None,
    }
}

fn is_no_value(value: &Value) -> bool {
    value.get("Ref").and_then(Value::as_str) == Some(NO_VALUE)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scope() -> Scope {
        let names = [("Stage", "dev"), ("Queue", "http://q"), ("Queue.Arn", "arn:q")];
        Scope {
            names: names.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            conditions: BTreeMap::from([("IsProd".to_owned(), false)]),
        }
    }

    #[test]
    fn intrinsics_are_evaluated_where_their_names_are_known() {
        let cases = [
            (json!({ "Ref": "Queue" }), json!("http://q")),
            (json!({ "Fn::GetAtt": ["Queue", "Arn"] }), json!("arn:q")),
            (json!({ "Fn::Sub": "${Stage}-${!x}-${Queue.Arn}" }), json!("dev-${x}-arn:q")),
            (json!({ "Fn::Sub": ["${a}/${Stage}", { "a": 1 }] }), json!("1/dev")),
            (json!({ "Fn::Join": ["-", ["a", { "Ref": "Stage" }]] }), json!("a-dev")),
            (json!({ "Fn::If": ["IsProd", 1, 2] }), json!(2)),
            (json!({ "a": { "Fn::If": ["IsProd", 1, { "Ref": "AWS::NoValue" }] }, "b": 1 }), json!({ "b": 1 })),
            (json!({ "Ref": "Unknown" }), json!({ "Ref": "Unknown" })),
            (json!({ "Fn::Sub": "${Unknown}" }), json!({ "Fn::Sub": "${Unknown}" })),
        ];
        for (value, expected) in cases {
            assert_eq!(scope().evaluate(&value), Ok(expected), "{value}");
        }
    }

    #[test]
    fn conditions_combine() {
        let value = json!({ "Fn::And": [
            { "Fn::Not": [{ "Condition": "IsProd" }] },
            { "Fn::Or": [{ "Condition": "IsProd" }, { "Fn::Equals": [{ "Ref": "Stage" }, "dev"] }] },
        ] });
        assert_eq!(scope().test(&value), Ok(true));
        assert!(scope().test(&json!({ "Condition": "Nope" })).is_err());
    }
}
