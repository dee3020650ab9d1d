//! `GET /v1/openapi.json`: the contract, for machines.

use crate::http::{Request, Response};

/// The OpenAPI document, as it was generated and committed.
const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

/// Answers with the document.
pub(crate) fn handle(_: &Request) -> Response {
    Response::json_text(DOCUMENT)
}
