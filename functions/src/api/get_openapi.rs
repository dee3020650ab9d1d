//! `GET /v1/openapi.json`: the contract, for machines.

use crate::http::{Request, Response};

/// The OpenAPI document that was generated and committed, without its white space.
const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

/// Answers with the document.
pub(crate) fn handle(_: &Request) -> Response {
    Response::json_text(DOCUMENT)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::DOCUMENT;

    #[test]
    fn the_artifact_carries_the_committed_document_without_its_white_space() {
        let committed: Value = serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap();
        let carried: Value = serde_json::from_str(DOCUMENT).unwrap();
        assert!(carried == committed);
        assert!(!DOCUMENT.contains('\n'));
    }
}
