//! The OpenAPI document, generated from the registry, the types of requests and responses, and the errors.
//!
//! Only the tests build this module, including the example `write_openapi`. The artifact serves the committed text.

pub(crate) mod answers;
pub(crate) mod callback;
mod components;
mod events;
pub(crate) mod examples;
pub mod operation;
pub(crate) mod parameters;
pub(crate) mod schema;
pub(crate) mod tool_call;

use providers::simulator::{TEST_NUMBERS, TEXT_NUMBERS, TestNumber, TextNumber};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::info::LicenseBuilder;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder, Paths, RefOr, SecurityRequirement, Server, Tag};

use crate::error::ApiError;
use crate::idempotency;
use crate::registry::FUNCTIONS;
use crate::route::{Access, KeyUse, Route, Trigger};

/// Name of the only security scheme.
const BEARER: &str = "apiKey";

/// Returns the document as text, as it is committed in `docs/openapi.json`.
///
/// # Errors
/// [`serde_json::Error`] if it cannot be written as JSON.
pub fn document_text() -> Result<String, serde_json::Error> {
    document(|_| true).to_pretty_json().map(|text| text + "\n")
}

/// Returns the document for clients, without the routes that only providers call, as it is committed in `docs/openapi.client.json`.
///
/// # Errors
/// [`serde_json::Error`] if it cannot be written as JSON.
pub fn client_document_text() -> Result<String, serde_json::Error> {
    let mut document = document(|route| !matches!(route.access, Access::Signed { .. }));
    if let Some(tags) = &mut document.tags {
        tags.retain(|tag| tag.name != "callbacks");
    }
    document.to_pretty_json().map(|text| text + "\n")
}

/// Returns the document with the routes that `includes` chooses.
fn document(includes: fn(&Route) -> bool) -> OpenApi {
    let mut paths = Paths::new();
    let mut schemas = Vec::new();
    for function in FUNCTIONS {
        let (Trigger::Http(route), Some(describe)) = (function.trigger, function.document) else { continue };
        let Some(method) = method(&route).filter(|_| includes(&route)) else { continue };
        let described = describe();
        schemas.extend(described.schemas);
        let operation = refused(described.operation, &route, described.refusals);
        let operation = secured(operation, &route).operation_id(Some(function.name)).build();
        paths.add_path_operation(route.path, vec![method], told(operation, &route));
    }
    let mut components = components::components(schemas);
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer()));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Ringdown")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(introduction()))
                .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
                .build(),
        )
        .servers(Some([Server::new("/")]))
        .paths(paths)
        .webhooks(Some(events::webhooks()))
        .components(Some(components))
        .tags(Some(tags()))
        .build()
}

fn method(route: &Route) -> Option<HttpMethod> {
    match route.method {
        "GET" => Some(HttpMethod::Get),
        "POST" => Some(HttpMethod::Post),
        "DELETE" => Some(HttpMethod::Delete),
        "PATCH" => Some(HttpMethod::Patch),
        "PUT" => Some(HttpMethod::Put),
        _ => None,
    }
}

/// Adds the error responses of an operation, in the format of its dialect, and those of every route with an API key.
fn refused(operation: OperationBuilder, route: &Route, refusals: Option<Vec<ApiError>>) -> OperationBuilder {
    let (Access::Key { permission, .. } | Access::CallToken { permission, .. }) = route.access else {
        return operation;
    };
    answers::refusals(route.dialect, permission, refusals.unwrap_or_default())
        .into_iter()
        .fold(operation, |operation, (status, answer)| operation.response(status, answer))
}

fn secured(operation: OperationBuilder, route: &Route) -> OperationBuilder {
    match route.access {
        // Each provider signs its callbacks in its own way, which no security scheme of OpenAPI describes.
        Access::Public(_) | Access::Signed { .. } => operation.securities(Some(Vec::<SecurityRequirement>::new())),
        Access::Key { permission, .. } | Access::CallToken { permission, .. } => operation
            .security(SecurityRequirement::new(BEARER, Vec::<String>::new()))
            .extensions(Some(Extensions::from_iter([("x-permission", permission.as_str())]))),
    }
}

/// Adds the response header that contains the idempotency key generated for a request without one.
fn told(mut operation: Operation, route: &Route) -> Operation {
    if route.key_use == KeyUse::Optional {
        let responses = operation.responses.responses.iter_mut().filter(|(status, _)| status.starts_with('2'));
        for (_, response) in responses {
            if let RefOr::T(response) = response {
                response.headers.insert(idempotency::GENERATED.to_owned(), answers::generated().into());
            }
        }
    }
    operation
}

fn bearer() -> Http {
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.description = Some("An API key: `rd_live_…` or `rd_test_…`.".to_owned());
    bearer
}

fn introduction() -> String {
    include_str!("introduction.md")
        .replace("{test_numbers}", &test_numbers())
        .replace("{text_numbers}", &text_numbers())
}

fn test_numbers() -> String {
    let row = |number: &TestNumber| {
        let digits = shown(number.last_four);
        let reason = number.end_reason.as_ref();
        let reason = reason.map_or_else(|| "the closer's".to_owned(), |reason| format!("`{reason}`"));
        format!("| {digits} | {} | {reason} |", number.what)
    };
    let head = ["| number ends in | script | `endReason` |".to_owned(), "|---|---|---|".to_owned()];
    head.into_iter().chain(TEST_NUMBERS.iter().map(row)).collect::<Vec<_>>().join("\n")
}

fn text_numbers() -> String {
    let row = |number: &TextNumber| format!("| {} | {} |", shown(number.last_four), number.what);
    let head = ["| number ends in | script |".to_owned(), "|---|---|".to_owned()];
    head.into_iter().chain(TEXT_NUMBERS.iter().map(row)).collect::<Vec<_>>().join("\n")
}

/// Returns the last digits of a number as Markdown, or `any other`.
fn shown(last_four: Option<&str>) -> String {
    last_four.map_or_else(|| "any other".to_owned(), |digits| format!("`{digits}`"))
}

fn tags() -> [Tag; 12] {
    let tag = |name: &str, description: &str| {
        let mut tag = Tag::new(name);
        tag.description = Some(description.to_owned());
        tag
    };
    [
        tag("calls", "Phone calls, from their acceptance to their end."),
        tag("sms", "SMS conversations, from their opening text to their end."),
        tag("webhooks", "Where events go, and what they look like."),
        tag("administration", "Keys, agents, and who changed what."),
        tag("contract", "This document."),
        tag("do-not-call", "The numbers that must not be contacted, in either channel."),
        tag("contacts", "Whom calls are made to."),
        tag("wallet", "What a metered organization can spend."),
        tag("klen", "The front door for clients of klen."),
        tag("verbex", "The front door for clients of verbex."),
        tag("levers", "The front door for clients of levers."),
        tag("callbacks", "What providers call, with a signature in place of a key."),
    ]
}
