//! What all of `klen` has in common: flat errors, with the codes of its document and no others.

use lambda_http::http::StatusCode;
use serde::Serialize;

use crate::auth::bearer;
use crate::error::{ApiError, Funds};
use crate::http::{Request, Response};

/// What a client hears of a request that is not carried out.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = KlenError))]
pub(crate) struct Failure<'a> {
    /// What went wrong, for programs.
    error: &'a str,
    /// What is wrong, and the fix, for people.
    message: String,
    /// What can be spent, in minor units of the currency. Only with `insufficient_funds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    balance: Option<i64>,
    /// The price of the call's longest course, in minor units. Only with `insufficient_funds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    required_rate: Option<i64>,
    /// ISO 4217. Only with `insufficient_funds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
}

/// The document's code for an error. What it has none for is `validation_error` or `rate_limit_exceeded`.
fn code<'a>(error: &'a ApiError, request: &Request) -> (StatusCode, &'a str) {
    match error {
        ApiError::Coded { status, code, .. } => (*status, code),
        ApiError::Unauthorized if bearer(request).or(request.header("x-api-key")).is_none() => {
            (error.status(), "authentication_required")
        }
        ApiError::Unauthorized => (error.status(), "invalid_key"),
        ApiError::InsufficientFunds { .. } | ApiError::PermissionDenied(_) | ApiError::DoNotCall => {
            (error.status(), error.code())
        }
        ApiError::NotFound(_) | ApiError::Gone(_) => (error.status(), "agent_not_found"),
        // The document knows no such key: what is said of it is the native API's.
        ApiError::KeyReused => (error.status(), error.code()),
        // Somebody else is writing the same: in a moment it will go.
        ApiError::RateLimited { .. } | ApiError::Conflict(_) => (StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded"),
        ApiError::Validation(_)
        | ApiError::Unprocessable(_)
        | ApiError::PayloadTooLarge(_)
        | ApiError::UnsupportedMediaType => (StatusCode::BAD_REQUEST, "validation_error"),
        ApiError::Internal(_) | ApiError::Provider(_) | ApiError::SendRefused { .. } => {
            (StatusCode::INTERNAL_SERVER_ERROR, "server_error")
        }
    }
}

/// An error in this vendor's shape.
pub(crate) fn refusal(error: &ApiError, request: &Request) -> Result<Response, serde_json::Error> {
    let (status, code) = code(error, request);
    let Funds { balance, required_rate, currency } = error.funds();
    let body = Failure { error: code, message: error.message(), balance, required_rate, currency };
    let response = Response::json(status, &body)?;
    Ok(if status == StatusCode::TOO_MANY_REQUESTS { response.retry_after(1) } else { response })
}
