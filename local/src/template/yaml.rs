//! YAML with CloudFormation's tags, as plain JSON. `!Ref X` becomes its long form `{"Ref": "X"}`, so that later code
//! handles one form only.

use serde_json::{Map, Number, Value, json};
use serde_yaml_ng::Value as Yaml;

use crate::Error;

/// Reads a template and rewrites its tags to their long forms.
///
/// # Errors
/// [`Error::Syntax`] or [`Error::Template`].
pub fn parse(text: &str) -> Result<Value, Error> {
    let document: Yaml = serde_yaml_ng::from_str(text).map_err(Error::Syntax)?;
    long_form(&document)
}

fn long_form(value: &Yaml) -> Result<Value, Error> {
    Ok(match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(*value),
        Yaml::Number(value) => number(value),
        Yaml::String(value) => Value::String(value.clone()),
        Yaml::Sequence(items) => Value::Array(items.iter().map(long_form).collect::<Result<_, _>>()?),
        Yaml::Mapping(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                map.insert(key_text(key)?, long_form(value)?);
            }
            Value::Object(map)
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            intrinsic(tag.trim_start_matches('!'), long_form(&tagged.value)?)
        }
    })
}

fn number(value: &serde_yaml_ng::Number) -> Value {
    if let Some(value) = value.as_u64() {
        return Value::from(value);
    }
    if let Some(value) = value.as_i64() {
        return Value::from(value);
    }
    value.as_f64().and_then(Number::from_f64).map_or(Value::Null, Value::Number)
}

/// Returns a key as text. CloudFormation reads every key as text, including numbers (`200:` in an OpenAPI body).
fn key_text(key: &Yaml) -> Result<String, Error> {
    match key {
        Yaml::String(key) => Ok(key.clone()),
        Yaml::Number(key) => Ok(key.to_string()),
        Yaml::Bool(key) => Ok(key.to_string()),
        other => Err(Error::template("document", "", format!("a key is neither text nor number: {other:?}"))),
    }
}

fn intrinsic(tag: &str, argument: Value) -> Value {
    match (tag, argument) {
        ("Ref", argument) => json!({ "Ref": argument }),
        ("Condition", argument) => json!({ "Condition": argument }),
        ("GetAtt", Value::String(path)) => {
            let (resource, attribute) = path.split_once('.').unwrap_or((&path, ""));
            json!({ "Fn::GetAtt": [resource, attribute] })
        }
        (name, argument) => json!({ (format!("Fn::{name}")): argument }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_become_their_long_forms() {
        let parsed =
            parse("a: !Ref Queue\nb: !GetAtt Queue.Arn\nc: !Sub '${Queue}'\nd: !If [X, 1, !Ref Y]\n200: true\n")
                .expect("the sample is valid");
        assert_eq!(
            parsed,
            json!({
                "a": { "Ref": "Queue" },
                "b": { "Fn::GetAtt": ["Queue", "Arn"] },
                "c": { "Fn::Sub": "${Queue}" },
                "d": { "Fn::If": ["X", 1, { "Ref": "Y" }] },
                "200": true,
            })
        );
    }

    #[test]
    fn broken_yaml_is_one_line_with_its_place() {
        let error = parse("a: [1,\nb: }").expect_err("the sample is broken").to_string();
        assert!(error.starts_with("template.yaml: ") && error.contains("line"), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}
