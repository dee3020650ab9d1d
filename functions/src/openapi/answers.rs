//! Responses of operations: the successful one, and the refusals with each error's own code and message.

use std::collections::BTreeMap;

use domain::key::Permission;
use domain::quota::{Exhausted, Quota};
use domain::time::Span;
use serde_json::{Value, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{OneOfBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Header, ObjectBuilder, RefOr, Response, ResponseBuilder};

use super::{examples, schema};
use crate::answer::{Failure, shaped};
use crate::dialect::Dialect;
use crate::dialects::{klen, levers, verbex};
use crate::error::ApiError;
use crate::http::Request;
use crate::query::Undecodable;

/// Returns the successful JSON response of an operation.
pub(crate) fn json(example: Option<Value>, description: &str, schema: impl Into<RefOr<Schema>>) -> Response {
    let content = ContentBuilder::new().schema(Some(schema)).example(example).build();
    ResponseBuilder::new().description(description).content("application/json", content).build()
}

/// Returns the successful JSON response of an operation whose requests can be replays.
pub(crate) fn replayable(example: Option<Value>, description: &str, schema: impl Into<RefOr<Schema>>) -> Response {
    let mut response = json(example, description, schema);
    response.headers.insert("Idempotent-Replayed".to_owned(), replayed().into());
    response
}

/// Returns the response with a whole recording.
pub(crate) fn recording() -> Response {
    audio("The recording.").build()
}

/// Returns the response with a part of a recording.
pub(crate) fn part_of_recording() -> Response {
    let which =
        ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).examples([json!("bytes 0-4194303/5120000")]);
    let range = HeaderBuilder::new().schema(Some(which)).description(Some("Which part it is of how much.")).build();
    let description = "The part that was asked for, or its beginning: at most 4 MB.";
    audio(description).header("Content-Range", range).build()
}

/// Returns the response to a request for a part that begins after the end of the recording.
pub(crate) fn shorter_recording() -> Response {
    ResponseBuilder::new().description("The recording is shorter than where that part begins.").build()
}

fn audio(description: &str) -> ResponseBuilder {
    let of = |media_type: &str| {
        let bytes =
            ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).content_media_type(media_type).build();
        ContentBuilder::new().schema(Some(Schema::from(bytes))).build()
    };
    let types = ["audio/mpeg", "audio/wav"];
    types.iter().fold(ResponseBuilder::new().description(description), |built, name| built.content(*name, of(name)))
}

/// Returns the header of a response to a request whose key was used before.
fn replayed() -> Header {
    let truth = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).enum_values(Some(["true"]));
    let description = "Set where this `Idempotency-Key` was used before, with the same request.";
    HeaderBuilder::new().schema(Some(truth)).description(Some(description)).build()
}

/// Returns the header of a response to a request that was sent without a key.
pub(crate) fn generated() -> Header {
    let key = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
    let description = "Set where the request brought no `Idempotency-Key`: the key that was made for it. Sent again under this, as \
                       `Idempotency-Key`, it is a replay.";
    HeaderBuilder::new().schema(Some(key)).description(Some(description)).build()
}

/// Returns the refusals of an operation, in the format of its dialect: those of every operation with a key, and its own.
pub(crate) fn refusals(dialect: Dialect, permission: Permission, own: Vec<ApiError>) -> Vec<(String, Response)> {
    let lacking = format!("the API key lacks the permission {}", permission.as_str());
    let common = [
        ApiError::field("query", Undecodable),
        ApiError::Unauthorized,
        ApiError::PermissionDenied(lacking),
        Exhausted { quota: Quota::Requests, limit: 600, resets_in: Span::seconds(21) }.into(),
        ApiError::Internal("".into()),
    ];
    let request = json!({"requestContext": {"requestId": examples::REQUEST.trim_start_matches("req_")}});
    let Ok(request) = Request::from_event(request) else { return Vec::new() };
    let mut by_status: BTreeMap<u16, Vec<(ApiError, Value)>> = BTreeMap::new();
    for error in common.into_iter().chain(own) {
        let Ok(response) = shaped(&error, &request, dialect) else { continue };
        let (errors, body) = (by_status.entry(response.status.as_u16()).or_default(), response.body_as_json());
        if errors.iter().all(|(_, known)| *known != body) {
            errors.push((error, body));
        }
    }
    by_status.into_iter().map(|(status, errors)| (status.to_string(), refusal(dialect, &errors))).collect()
}

fn refusal(dialect: Dialect, errors: &[(ApiError, Value)]) -> Response {
    let mut codes: Vec<String> = errors.iter().map(|(error, body)| format!("`{}`", code(error, body))).collect();
    codes.dedup();
    let plain = match dialect {
        Dialect::Native => schema::of::<Failure<'_>>(),
        Dialect::Klen => schema::of::<klen::Failure<'_>>(),
        Dialect::Verbex => schema::of::<verbex::Failure<'_>>(),
        Dialect::Levers => schema::of::<levers::Failure>(),
    };
    // FastAPI's list of problems has the same status as the refusal of a reused key.
    let lists_problems = errors.iter().any(|(error, _)| matches!(error, ApiError::Unprocessable(_)));
    let all_do = errors.iter().all(|(error, _)| matches!(error, ApiError::Unprocessable(_)));
    let unprocessable = schema::of::<verbex::Unprocessable<'_>>();
    let refused: RefOr<Schema> = match (lists_problems, all_do) {
        (false, _) => plain.into(),
        (true, true) => unprocessable.into(),
        (true, false) => Schema::from(OneOfBuilder::new().item(unprocessable).item(plain).build()).into(),
    };
    let mut content = ContentBuilder::new().schema(Some(refused));
    if let [(_, body)] = errors {
        content = content.example(Some(body.clone()));
    } else {
        let examples = errors.iter().enumerate().map(|(index, (error, body))| {
            let example = ExampleBuilder::new().summary(error.message()).value(Some(body.clone()));
            (format!("{}_{}", code(error, body), index + 1), example)
        });
        content = content.examples_from_iter(examples);
    }
    let description = format!("Refused: {}.", codes.join(" or "));
    let waits = errors.iter().any(|(error, _)| error.retry_after().is_some());
    let refusal = ResponseBuilder::new().description(description);
    let refusal = if waits { refusal.header("Retry-After", retry_after()) } else { refusal };
    refusal.content("application/json", content.build()).build()
}

/// Returns the error code that the client reads.
fn code<'a>(error: &'a ApiError, body: &'a Value) -> &'a str {
    body["error"].as_str().unwrap_or_else(|| error.code())
}

/// Returns the header with the time to wait.
fn retry_after() -> Header {
    let seconds = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer)).minimum(Some(1));
    HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds to wait before the next try.")).build()
}

/// Returns the response of API Gateway if a route without a key gets too many requests.
pub(crate) fn throttled() -> Response {
    ResponseBuilder::new()
        .description("Too many requests for this route at the moment. API Gateway answers it.")
        .build()
}
