//! Tests that the OpenAPI document agrees with the code.

use std::collections::BTreeSet;

use domain::log::EventType;
use domain::phone::PhoneNumber;
use functions::dialect::Dialect;
use functions::route::{Access, KeyUse, Route};
use functions::{FUNCTIONS, Trigger, openapi};
use providers::simulator::{Script, TEST_NUMBERS, TEXT_NUMBERS, TextScript};
use serde_json::{Map, Value};

use super::{CLIENT_DOCUMENT, DOCUMENT, TEST_NUMBERS_PAGE, document, table};

#[test]
fn the_committed_documents_are_the_generated_ones() {
    let command = "cargo run -p tests --example write_openapi";
    let generated = [
        ("docs/openapi.json", openapi::document_text(), DOCUMENT),
        ("docs/openapi.client.json", openapi::client_document_text(), CLIENT_DOCUMENT),
    ];
    for (name, generated, committed) in generated {
        let generated: Value = serde_json::from_str(&generated.unwrap()).unwrap();
        let committed: Value = serde_json::from_str(committed).unwrap();
        assert!(generated == committed, "{name} is out of date; write it anew: {command}");
    }
}

#[test]
fn the_clients_document_leaves_out_what_only_providers_call() {
    let paths = |document: &str| -> BTreeSet<String> {
        let document: Value = serde_json::from_str(document).unwrap();
        document["paths"].as_object().unwrap().keys().cloned().collect()
    };
    let left_out: Vec<String> = paths(DOCUMENT).difference(&paths(CLIENT_DOCUMENT)).cloned().collect();
    assert!(!left_out.is_empty() && left_out.iter().all(|path| path.starts_with("/inbound/")), "{left_out:?}");
    assert!(paths(CLIENT_DOCUMENT).iter().all(|path| !path.starts_with("/inbound/")));
}

/// Returns the operation with this name.
fn operation(document: &Value, name: &str) -> Value {
    let paths = document["paths"].as_object().unwrap().values();
    let mut operations = paths.flat_map(|item| item.as_object().unwrap().values());
    operations.find(|operation| operation["operationId"] == name).unwrap().clone()
}

/// Returns the target of a reference. Any other schema is returned itself.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap_or_else(|| panic!("{reference}")),
        None => schema,
    }
}

/// Returns the HTTP routes except those of provider callbacks, each with its operation.
fn operations(document: &Value) -> impl Iterator<Item = (&'static str, Route, Value)> {
    FUNCTIONS.iter().filter_map(|function| match function.trigger {
        Trigger::Http(Route { access: Access::Signed { .. }, .. })
        | Trigger::Queue { .. }
        | Trigger::Schedule { .. } => None,
        Trigger::Http(route) => Some((function.name, route, operation(document, function.name))),
    })
}

#[test]
fn the_parsers_know_the_fields_that_the_document_has() {
    let document = document();
    for (name, route, operation) in operations(&document).filter(|(_, route, _)| route.dialect == Dialect::Native) {
        let body = operation["requestBody"]["content"]["application/json"]["schema"].clone();
        let body = body["allOf"].get(0).unwrap_or(&body);
        let schema = resolved(&document, body);
        let fields: BTreeSet<&str> =
            schema["properties"].as_object().into_iter().flat_map(Map::keys).map(String::as_str).collect();
        assert_eq!(fields, route.body_fields.iter().copied().collect(), "{name}");
        assert!(body.is_null() || schema["additionalProperties"] == false, "{name}");
    }
}

#[test]
fn the_other_dialects_ignore_fields_that_the_document_has_not() {
    let document = document();
    for (name, route, operation) in operations(&document).filter(|(_, route, _)| route.dialect != Dialect::Native) {
        let schema = resolved(&document, &operation["requestBody"]["content"]["application/json"]["schema"]);
        assert_eq!(schema["properties"].is_object(), route.method == "POST", "{name}");
        assert!(schema["additionalProperties"].is_null(), "{name}");
    }
}

#[test]
fn the_parsers_know_the_query_parameters_that_the_document_has() {
    let document = document();
    for (name, route, operation) in operations(&document) {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let parameters = parameters.filter(|parameter| parameter["in"] == "query");
        let named: BTreeSet<&str> = parameters.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        // `metadata[` stands for `metadata[orderId]` and the like.
        let filters = route.filters.iter().map(|filter| filter.trim_end_matches('['));
        let page: &[&str] = if name.starts_with("list-") { &["limit", "cursor"] } else { &[] };
        let token: &[&str] = if matches!(route.access, Access::CallToken { .. }) { &["access_token"] } else { &[] };
        assert_eq!(named, filters.chain(page.iter().chain(token).copied()).collect(), "{name}");
    }
}

#[test]
fn the_document_says_what_is_to_be_done_about_an_idempotency_key() {
    let document = document();
    for function in FUNCTIONS {
        let Trigger::Http(route) = function.trigger else { continue };
        let operation = operation(&document, function.name);
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let header = parameters.iter().find(|parameter| parameter["name"] == "Idempotency-Key");
        let use_of_key = match header.map(|header| header["required"] == true) {
            Some(true) => KeyUse::Required,
            Some(false) => KeyUse::Optional,
            None => KeyUse::Unknown,
        };
        assert_eq!(use_of_key, route.key_use, "{}", function.name);
        let told = |(status, response): (&String, &Value)| {
            status.starts_with('2') && response["headers"]["Idempotency-Key-Generated"].is_object()
        };
        let is_told = operation["responses"].as_object().unwrap().iter().any(told);
        assert_eq!(is_told, use_of_key == KeyUse::Optional, "{}", function.name);
    }
}

#[test]
fn every_operation_names_its_permission_and_only_the_document_needs_no_key() {
    let document = document();
    for function in FUNCTIONS {
        let Trigger::Http(route) = function.trigger else { continue };
        let operation = operation(&document, function.name);
        match route.access {
            Access::Public(_) | Access::Signed { .. } => {
                assert_eq!(operation["security"].as_array().map(Vec::len), Some(0), "{}", function.name)
            }
            Access::Key { permission, .. } | Access::CallToken { permission, .. } => {
                assert_eq!(operation["x-permission"], permission.as_str(), "{}", function.name);
                assert!(operation["security"][0]["apiKey"].is_array(), "{}", function.name);
                for status in ["401", "403", "500"] {
                    assert!(operation["responses"][status].is_object(), "{} {status}", function.name);
                }
            }
        }
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_referred_to() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    let schemas = document["components"]["schemas"].as_object().unwrap().keys();
    assert_eq!(found, schemas.map(|name| format!("#/components/schemas/{name}")).collect());
}

#[test]
fn the_test_numbers_are_the_same_in_simulator_page_and_document() {
    let rows: Vec<Vec<String>> = TEST_NUMBERS
        .iter()
        .map(|number| {
            let digits = number.last_four.unwrap_or("any other");
            let reason = number.end_reason.as_ref().map_or("the closer's", |reason| reason.as_str());
            [digits, number.what, reason].map(str::to_owned).to_vec()
        })
        .collect();
    assert_eq!(table(TEST_NUMBERS_PAGE, "## Test numbers"), rows);
    assert_eq!(table(document()["info"]["description"].as_str().unwrap(), "## Test numbers"), rows);
    for number in &TEST_NUMBERS {
        let to = format!("+1555555{}", number.last_four.unwrap_or("0123"));
        assert_eq!(Script::of(&PhoneNumber::parse(&to).unwrap()), number.script);
    }
}

#[test]
fn the_sms_test_numbers_are_the_same_in_simulator_page_and_document() {
    let row = |digits: Option<&str>, what: &str| [digits.unwrap_or("any other"), what].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = TEXT_NUMBERS.iter().map(|number| row(number.last_four, number.what)).collect();
    assert_eq!(table(TEST_NUMBERS_PAGE, "## SMS test numbers"), rows);
    assert_eq!(table(document()["info"]["description"].as_str().unwrap(), "## SMS test numbers"), rows);
    for number in &TEXT_NUMBERS {
        let to = format!("+1555555{}", number.last_four.unwrap_or("0123"));
        assert_eq!(TextScript::of(&PhoneNumber::parse(&to).unwrap()), number.script);
    }
}

#[test]
fn every_event_that_can_happen_is_described() {
    let document = document();
    let described: BTreeSet<&str> = document["webhooks"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(described, EventType::ALL.into_iter().map(EventType::name).collect());
}
