//! Answers: what an operation gives, and every refusal with the error's own code and words.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::{Header, ObjectBuilder, RefOr, Response, ResponseBuilder};

use super::{examples, schemas};
use crate::error::{ApiError, Failure, FieldError};

/// An operation's successful answer in JSON.
pub(super) fn json(operation: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Response {
    let content = ContentBuilder::new().schema(Some(schema)).example(examples::answer(operation)).build();
    ResponseBuilder::new().description(description).content("application/json", content).build()
}

/// The header of an answer to a request whose key was used before.
pub(super) fn replayed() -> Header {
    let truth = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).enum_values(Some(["true"]));
    let description = "Set where this `Idempotency-Key` was used before, with the same request.";
    HeaderBuilder::new().schema(Some(truth)).description(Some(description)).build()
}

/// What any operation with a key may be refused with, and these.
pub(super) fn refusals(permission: &str, own: Vec<ApiError>) -> Vec<(String, Response)> {
    let lacking = format!("the API key lacks the permission {permission}");
    let common = [ApiError::Unauthorized, ApiError::PermissionDenied(lacking), ApiError::Internal("".into())];
    let mut by_status: BTreeMap<u16, Vec<ApiError>> = BTreeMap::new();
    for error in common.into_iter().chain(own) {
        by_status.entry(error.status().as_u16()).or_default().push(error);
    }
    by_status.into_iter().map(|(status, errors)| (status.to_string(), refusal(&errors))).collect()
}

fn refusal(errors: &[ApiError]) -> Response {
    let mut codes: Vec<String> = errors.iter().map(|error| format!("`{}`", error.code())).collect();
    codes.dedup();
    let mut content = ContentBuilder::new().schema(Some(schemas::of::<Failure<'_>>()));
    if let [error] = errors {
        content = content.example(Some(body(error)));
    } else {
        let examples = errors.iter().enumerate().map(|(index, error)| {
            let example = ExampleBuilder::new().summary(error.message()).value(Some(body(error)));
            (format!("{}_{}", error.code(), index + 1), example)
        });
        content = content.examples_from_iter(examples);
    }
    let description = format!("Refused: {}.", codes.join(" or "));
    ResponseBuilder::new().description(description).content("application/json", content.build()).build()
}

fn body(error: &ApiError) -> Value {
    let details: &[FieldError] = match error {
        ApiError::Validation(fields) => fields,
        _ => &[],
    };
    let mut body = json!({
        "error": {"code": error.code(), "message": error.message(), "details": details},
        "meta": {"request_id": examples::REQUEST}
    });
    if let ApiError::SendRefused { conversation, .. } = error {
        body["error"]["conversationId"] = json!(conversation);
    }
    body
}
