//! Tests of parsing, checking and examples of schemas.

use serde_json::{Value, json};

use super::Schema;

fn schema(value: Value) -> Schema {
    Schema::parse(&value).unwrap()
}

fn complaints(schema: Value, value: Value) -> Vec<String> {
    self::schema(schema).violations(&value).iter().map(ToString::to_string).collect()
}

fn refusal(value: Value) -> String {
    Schema::parse(&value).unwrap_err().to_string()
}

/// Returns a typical schema, as an author would write it.
fn visit() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A visit",
        "type": "object",
        "properties": {
            "day": {"type": "string", "description": "ISO date", "format": "date", "minLength": 4, "maxLength": 10},
            "kind": {"enum": ["test drive", "service"]},
            "guests": {"type": "integer", "minimum": 2, "maximum": 8, "default": 2},
            "budget": {"type": ["number", "null"], "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            "cars": {"type": "array", "minItems": 1, "maxItems": 2, "items": {
                "type": "object",
                "properties": {"make": {"type": "string"}, "new": {"type": "boolean"}},
                "required": ["make", "new"],
                "additionalProperties": false,
            }},
            "version": {"const": 1},
        },
        "required": ["day", "kind", "guests", "budget", "cars", "version"],
        "additionalProperties": {"type": "string"},
    })
}

#[test]
fn what_a_schema_describes_is_taken() {
    let cars = json!([{"make": "Saab", "new": false}]);
    for value in [
        json!({"day": "2026-04-10", "kind": "service", "guests": 2, "budget": null, "cars": cars, "version": 1}),
        json!({"day": "äöü🚗", "kind": "test drive", "guests": 8.0, "budget": 0.5, "cars": cars, "version": 1.0, "x": "y"}),
    ] {
        assert_eq!(complaints(visit(), value), Vec::<String>::new());
    }
    for anything in [json!(null), json!([1, "a"]), json!({"a": {}}), json!(0)] {
        assert_eq!(complaints(json!({}), anything), Vec::<String>::new());
    }
}

#[test]
fn every_violation_is_told_with_its_place() {
    let value = json!({
        "day": "🚗", "kind": "parts", "guests": 9, "budget": 1, "cars": [{"make": 7, "colour": "red"}, {}, {}],
        "x": 1,
    });
    assert_eq!(
        complaints(visit(), value),
        [
            "version is required",
            "budget must be less than 1",
            "cars must have at most 2 items",
            "cars.0.new is required",
            "cars.0.colour is not a known property",
            "cars.0.make must be of type string",
            "cars.1.make is required",
            "cars.1.new is required",
            "cars.2.make is required",
            "cars.2.new is required",
        ]
    );
}

#[test]
fn each_keyword_means_what_the_draft_says() {
    for (schema, good, bad) in [
        (json!({"type": "null"}), json!(null), json!(0)),
        (json!({"type": "boolean"}), json!(false), json!("false")),
        (json!({"type": "integer"}), json!(3.0), json!(3.5)),
        (json!({"type": "integer"}), json!(u64::MAX), json!("3")),
        (json!({"type": "number"}), json!(3.5), json!("3.5")),
        (json!({"type": "string"}), json!(""), json!(null)),
        (json!({"type": "array"}), json!([]), json!({})),
        (json!({"type": "object"}), json!({}), json!([])),
        (json!({"type": ["string", "null"]}), json!(null), json!(0)),
        (json!({"enum": [1, "a", [1, {"b": 2}]]}), json!([1.0, {"b": 2.0}]), json!([1, {"b": 3}])),
        (json!({"const": {"a": null}}), json!({"a": null}), json!({})),
        (json!({"enum": [1, 2], "const": 2}), json!(2), json!(1)),
        (json!({"minimum": 2}), json!(2), json!(1.999)),
        (json!({"maximum": 2}), json!(2.0), json!(3)),
        (json!({"exclusiveMinimum": 2}), json!(2.001), json!(2)),
        (json!({"exclusiveMaximum": u64::MAX}), json!(u64::MAX - 1), json!(u64::MAX)),
        (json!({"minLength": 2}), json!("🚗🚗"), json!("🚗")),
        (json!({"maxLength": 1}), json!("🚗"), json!("ab")),
        (json!({"minItems": 1}), json!([null]), json!([])),
        (json!({"maxItems": 1}), json!([null]), json!([1, 2])),
        (json!({"items": {"type": "string"}}), json!(["a"]), json!(["a", 1])),
        (json!({"required": ["a"]}), json!({"a": null}), json!({"b": 1})),
        (json!({"properties": {"a": {"type": "string"}}}), json!({"b": 1}), json!({"a": 1})),
        (json!({"additionalProperties": false, "properties": {"a": {}}}), json!({"a": 1}), json!({"b": 1})),
        (json!({"additionalProperties": {"type": "null"}}), json!({"b": null}), json!({"b": 1})),
    ] {
        assert_eq!(complaints(schema.clone(), good.clone()), Vec::<String>::new(), "{schema} {good}");
        assert_eq!(complaints(schema.clone(), bad.clone()).len(), 1, "{schema} {bad}");
    }
    // A keyword for one type does not restrict values of other types.
    for value in [json!("text"), json!(null), json!(true)] {
        assert!(complaints(json!({"minimum": 5, "minItems": 2, "required": ["a"]}), value).is_empty());
    }
}

#[test]
fn violations_are_few_and_short_however_wrong_the_value() {
    let names = (0..100).map(|number| (format!("{number}{}", "x".repeat(10_000)), json!(1))).collect();
    let violations = schema(json!({"additionalProperties": false})).violations(&Value::Object(names));
    assert_eq!(violations.len(), 10);
    assert!(violations.iter().all(|violation| violation.to_string().len() < 200));
}

#[test]
fn what_would_not_be_checked_is_refused_by_name() {
    for keyword in
        ["pattern", "$ref", "anyOf", "oneOf", "allOf", "not", "if", "multipleOf", "uniqueItems", "nullable", "typo"]
    {
        assert_eq!(refusal(json!({keyword: 1})), format!("{keyword}: is not a supported keyword"));
    }
    assert_eq!(
        refusal(json!({"properties": {"a": {"items": {"pattern": "^(a+)+$"}}}})),
        "properties.a.items.pattern: is not a supported keyword"
    );
}

#[test]
fn a_schema_that_makes_no_sense_is_refused_with_its_place() {
    for (schema, message) in [
        (json!(null), "a schema must be a JSON object"),
        (json!(true), "a schema must be a JSON object"),
        (json!({"items": []}), "items: a schema must be a JSON object"),
        (json!({"properties": []}), "properties: must be an object"),
        (json!({"properties": {"a": "string"}}), "properties.a: a schema must be a JSON object"),
        (json!({"additionalProperties": "no"}), "additionalProperties: a schema must be a JSON object"),
        (json!({"required": "a"}), "required: must be a list of names"),
        (json!({"required": [1]}), "required: must be a list of names"),
        (json!({"enum": []}), "enum: must be a list of values"),
        (json!({"enum": "a"}), "enum: must be a list of values"),
        (json!({"minimum": "1"}), "minimum: must be a number"),
        (json!({"maxLength": -1}), "maxLength: must be a whole number from 0 up"),
        (json!({"minItems": 1.5}), "minItems: must be a whole number from 0 up"),
    ] {
        assert_eq!(refusal(schema), message);
    }
    for types in [json!("float"), json!([]), json!(7), json!(["string", 7])] {
        assert!(refusal(json!({"type": types})).starts_with("type: must be of null, boolean"), "{types}");
    }
}

#[test]
fn a_schema_may_be_deep_but_not_without_end() {
    let nested = |depth: usize| (0..depth).fold(json!({}), |inner, _| json!({"items": inner}));
    assert!(Schema::parse(&nested(16)).is_ok());
    assert!(refusal(nested(17)).ends_with("schemas stand deeper than 16 in one another"));
    assert!(refusal(nested(100)).ends_with("schemas stand deeper than 16 in one another"));
}

#[test]
fn an_example_is_the_plainest_value_that_fits() {
    assert_eq!(
        schema(visit()).example(),
        json!({
            "day": "example", "kind": "test drive", "guests": 2, "budget": 0.5,
            "cars": [{"make": "example", "new": true}], "version": 1,
        })
    );
    for (schema, example) in [
        (json!({}), json!("example")),
        (json!({"type": "object"}), json!({})),
        (json!({"type": "object", "properties": {"a": {"type": "string"}}}), json!({})),
        (json!({"required": ["a"]}), json!({"a": "example"})),
        (json!({"required": ["a"], "additionalProperties": {"type": "null"}}), json!({"a": null})),
        (json!({"type": ["null", "string"]}), json!(null)),
        (json!({"type": "string", "maxLength": 3}), json!("exa")),
        (json!({"type": "string", "minLength": 9}), json!("exampleex")),
        (json!({"type": "array"}), json!([])),
        (json!({"minItems": 2, "items": {"type": "boolean"}}), json!([true, true])),
        (json!({"type": "integer"}), json!(1)),
        (json!({"type": "integer", "minimum": 1.5}), json!(2)),
        (json!({"type": "integer", "exclusiveMinimum": 3}), json!(4)),
        (json!({"type": "integer", "maximum": -2}), json!(-2)),
        (json!({"type": "integer", "exclusiveMaximum": 0}), json!(-1)),
        (json!({"minimum": 0.25, "maximum": 0.75}), json!(0.5)),
        (json!({"type": "number"}), json!(1)),
    ] {
        assert_eq!(self::schema(schema.clone()).example(), example, "{schema}");
        assert_eq!(complaints(schema.clone(), example), Vec::<String>::new(), "{schema}");
    }
    assert_eq!(complaints(visit(), schema(visit()).example()), Vec::<String>::new());
}

#[test]
fn an_example_is_bounded_and_no_schema_makes_it_panic() {
    for schema in [
        json!({"type": "array", "minItems": u64::MAX}),
        json!({"type": "string", "minLength": u64::MAX}),
        json!({"type": "integer", "minimum": 5, "maximum": 1}),
        json!({"type": "integer", "minimum": 1e300}),
        json!({"type": "number", "exclusiveMinimum": -1e308, "exclusiveMaximum": -1e308}),
        json!({"type": "number", "minimum": 5, "maximum": 1}),
        json!({"enum": [1], "const": 2}),
    ] {
        let example = self::schema(schema.clone()).example();
        assert!(example.to_string().len() <= 5_001, "{schema}: {example}");
    }
}
