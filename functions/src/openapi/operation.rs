//! Description of an operation, as the file of its handler gives it, with the parts that operations share.

use lambda_http::http::StatusCode;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Callback, OperationBuilder, Parameter};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Object, Ref, RefOr, Required, Response};

use super::answers;
use super::schema::{NamedSchema, written};
use crate::error::{ApiError, FieldError};
use crate::http::MAX_BODY_BYTES;
use crate::problem::{Problem, Step};

/// Operation, with the schemas that it refers to.
#[derive(Default)]
pub struct Document {
    /// Operation without its security and its refusals.
    pub(super) operation: OperationBuilder,
    /// Errors that the operation answers, besides those of every route with a key. `None` for a route without a key.
    pub(super) refusals: Option<Vec<ApiError>>,
    /// Schemas that the operation adds to the document.
    pub(super) schemas: Vec<NamedSchema>,
}

impl Document {
    /// Adds a parameter.
    pub(crate) fn parameter(self, parameter: Parameter) -> Self {
        Self { operation: self.operation.parameter(parameter), ..self }
    }

    /// Adds parameters.
    pub(crate) fn parameters(self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        parameters.into_iter().fold(self, Self::parameter)
    }

    /// Sets the body of requests.
    pub(crate) fn request_body(self, body: RequestBody) -> Self {
        Self { operation: self.operation.request_body(Some(body)), ..self }
    }

    /// Adds a response.
    pub(crate) fn response(self, status: &str, response: impl Into<RefOr<Response>>) -> Self {
        Self { operation: self.operation.response(status, response), ..self }
    }

    /// Adds a request that the operation makes this service send later.
    pub(crate) fn callback(self, name: &str, callback: Callback) -> Self {
        Self { operation: self.operation.callback(name, RefOr::T(callback)), ..self }
    }

    /// Sets the errors that the operation answers, besides those of every route with a key.
    pub(crate) fn refused(self, refusals: Vec<ApiError>) -> Self {
        Self { refusals: Some(refusals), ..self }
    }

    /// Adds the schema of a type, and those of the types in it.
    pub(crate) fn schema<T: ToSchema>(mut self, adjust: fn(&mut Object)) -> Self {
        written::<T>(&mut self.schemas, adjust);
        self
    }
}

/// Returns an operation with this tag, summary and description.
pub(crate) fn operation(tag: &str, summary: &str, description: &str) -> Document {
    let operation = OperationBuilder::new().tag(tag).summary(Some(summary)).description(Some(description));
    Document { operation, ..Document::default() }
}

/// Returns a request body in JSON.
pub(crate) fn body(example: Value, schema: impl Into<RefOr<Schema>>, required: Required) -> RequestBody {
    let content = ContentBuilder::new().schema(Some(schema)).example(Some(example)).build();
    RequestBodyBuilder::new().content("application/json", content).required(Some(required)).build()
}

/// Adds the errors of every operation that reads a body.
pub(crate) fn with_body(mut own: Vec<ApiError>) -> Vec<ApiError> {
    own.extend([ApiError::PayloadTooLarge(MAX_BODY_BYTES), ApiError::UnsupportedMediaType]);
    own
}

/// Returns the refusal of a request with these invalid fields.
pub(crate) fn invalid(fields: &[(&str, &str)]) -> ApiError {
    ApiError::Validation(fields.iter().map(|(field, message)| FieldError::new(*field, message)).collect())
}

/// Returns the refusal of a request for a page that does not exist.
pub(crate) fn invalid_page() -> ApiError {
    invalid(&[("limit", "must be a number from 1 to 100")])
}

/// Returns the refusal of a query that cannot be decoded.
pub(crate) fn invalid_query() -> ApiError {
    ApiError::field("query", crate::query::Undecodable)
}

/// Returns the refusal of an invalid phone number in the path.
pub(crate) fn invalid_number() -> ApiError {
    invalid(&[("number", "must be a phone number in E.164 format: + and 7 to 15 digits, such as +15555550123")])
}

/// Returns the refusal of a change that conflicts with too many others.
pub(crate) fn conflict() -> ApiError {
    store::StoreError::Conflict.into()
}

/// Returns the refusal of a call that the wallet does not cover.
pub(crate) fn insufficient_funds() -> ApiError {
    ApiError::InsufficientFunds { balance_minor: 120, required_minor: 450, currency: "USD".to_owned() }
}

/// Returns the refusal of a request of a suspended organization.
pub(crate) fn suspended() -> ApiError {
    ApiError::PermissionDenied("the organization is suspended".to_owned())
}

/// Returns the refusal of a request for an endpoint that does not exist.
pub(crate) fn no_webhook() -> ApiError {
    ApiError::NotFound("webhook")
}

/// Returns the refusal of a delivery to a disabled endpoint.
pub(crate) fn disabled() -> ApiError {
    ApiError::Conflict("the endpoint is disabled; enable it first".to_owned())
}

/// Returns the refusal of a change to an SMS conversation that has ended.
pub(crate) fn has_ended() -> ApiError {
    ApiError::Conflict("the conversation has ended".to_owned())
}

/// Returns a refusal with a code from another vendor's documentation.
pub(crate) fn coded(status: StatusCode, code: &'static str, message: &str) -> ApiError {
    ApiError::Coded { status, code, message: message.to_owned() }
}

/// Returns the refusal of one field of the body, in FastAPI's format.
pub(crate) fn problem(field: &str, kind: &'static str, msg: &str) -> ApiError {
    let loc = vec![Step::from("body"), Step::from(field)];
    ApiError::Unprocessable(vec![Problem { loc, msg: msg.to_owned(), kind }])
}

/// Returns the errors of the dialects that accept one call in FastAPI's format.
pub(crate) fn common_refusals() -> Vec<ApiError> {
    vec![
        insufficient_funds(),
        ApiError::DoNotCall,
        ApiError::NotFound("agent"),
        conflict(),
        ApiError::PayloadTooLarge(MAX_BODY_BYTES),
        ApiError::UnsupportedMediaType,
        ApiError::KeyReused,
        ApiError::too_fast(),
    ]
}

/// Returns the response to a call that was accepted, in a dialect.
pub(crate) fn accepted(example: Option<Value>, schema: Ref) -> Response {
    answers::replayable(example, "The call is accepted, and stored.", schema)
}
