//! Shared parts of the `klen` dialect: flat errors, with only the error codes of the vendor's document.

use lambda_http::http::StatusCode;
use serde::Serialize;

use crate::auth::bearer;
use crate::error::{ApiError, Funds};
use crate::http::{Request, Response};

/// Error response.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = KlenError))]
pub(crate) struct Failure<'a> {
    /// Error code, for programs.
    error: &'a str,
    /// Error message for people, with the fix.
    message: String,
    /// Spendable balance in minor units of the currency. Only with `insufficient_funds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    balance: Option<i64>,
    /// Price of the call's longest possible duration, in minor units of the currency. Only with `insufficient_funds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    required_rate: Option<i64>,
    /// Currency code by ISO 4217. Only with `insufficient_funds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
}

/// Returns the status and the vendor's code for an error. An error without a code in the vendor's document gets `validation_error`,
/// `rate_limit_exceeded` or `server_error`.
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
        // The vendor's document has no idempotency key, so the native API's code is used.
        ApiError::KeyReused => (error.status(), error.code()),
        // Another request writes the same item. A retry after a moment succeeds.
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

/// Returns the response for an error, in this vendor's format.
pub(crate) fn refusal(error: &ApiError, request: &Request) -> Result<Response, serde_json::Error> {
    let (status, code) = code(error, request);
    let Funds { balance, required_rate, currency } = error.funds();
    let body = Failure { error: code, message: error.message(), balance, required_rate, currency };
    let response = Response::json(status, &body)?;
    Ok(if status == StatusCode::TOO_MANY_REQUESTS { response.retry_after(1) } else { response })
}
