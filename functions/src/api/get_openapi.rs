//! `GET /v1/openapi.json`: returns the OpenAPI document.

use miniz_oxide::inflate::decompress_to_vec;

use crate::error::ApiError;
use crate::http::{Request, Response};
use crate::route::{Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "get-openapi",
    trigger: Trigger::Http(Route::public("/v1/openapi.json", handle)),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// The committed OpenAPI document without whitespace, deflated. Each function's artifact contains it although it is rarely
/// requested, so it has to be small.
const DOCUMENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.deflated"));

/// Returns the OpenAPI document.
fn handle(_: &Request) -> Result<Response, ApiError> {
    let document = decompress_to_vec(DOCUMENT).map_err(|error| ApiError::Internal(error.to_string().into()))?;
    Ok(Response::json_text(String::from_utf8(document).map_err(|error| ApiError::Internal(error.into()))?))
}

#[cfg(feature = "openapi")]
mod document {
    use utoipa::openapi::ObjectBuilder;
    use utoipa::openapi::schema::{Schema, SchemaType, Type};

    use crate::openapi::answers;
    use crate::openapi::operation::{Document, operation};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let document = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object)).build();
        operation("contract", "Get this document", "Needs no key.")
            .response("429", answers::throttled())
            .response("200", answers::json(None, "This document.", Schema::from(document)))
    }
}

#[cfg(test)]
mod tests {
    use miniz_oxide::inflate::decompress_to_vec;
    use serde_json::Value;

    use super::DOCUMENT;

    #[test]
    fn the_artifact_carries_the_committed_document_without_its_white_space() {
        let committed: Value = serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap();
        let carried = String::from_utf8(decompress_to_vec(DOCUMENT).unwrap()).unwrap();
        assert!(serde_json::from_str::<Value>(&carried).unwrap() == committed);
        assert!(!carried.contains('\n'));
        assert!(DOCUMENT.len() * 5 < carried.len());
    }
}
