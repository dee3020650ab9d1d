//! Error responses, in the format of the request's dialect.

use std::error::Error as StdError;

use domain::ids::ConversationId;
use lambda_http::http::StatusCode;
use serde::Serialize;

use crate::dialect::Dialect;
use crate::dialects::{klen, levers, verbex};
use crate::error::{ApiError, FieldError, Funds};
use crate::http::{Request, Response};

/// Response to a request that failed.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Failure<'a> {
    error: FailureBody<'a>,
    meta: Meta<'a>,
}

/// Error of a failed request.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct FailureBody<'a> {
    /// Error code, for programs.
    code: &'static str,
    /// Description of the problem and the fix, for people.
    message: String,
    /// Invalid fields, with the problem of each. Empty for errors that concern no field.
    details: &'a [FieldError],
    /// Id of the conversation that the request created before it failed. Missing if none was created.
    #[serde(rename = "conversationId", skip_serializing_if = "Option::is_none")]
    conversation_id: Option<ConversationId>,
    /// Spendable balance of the wallet, in minor units. Only with `insufficient_funds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    balance: Option<i64>,
    /// Price of the call at its maximum duration, in minor units. Only with `insufficient_funds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    required_rate: Option<i64>,
    /// Currency of the amounts, as an ISO 4217 code. Only with `insufficient_funds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
}

/// Metadata of the response.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FailureMeta))]
struct Meta<'a> {
    /// Id of the request, as the logs have it.
    request_id: &'a str,
}

/// Returns the response to a request that failed. An internal error is logged here, once, with its whole chain of causes.
pub(crate) fn into_response(error: &ApiError, request: &Request, dialect: Dialect) -> Response {
    if let ApiError::Internal(error) = error {
        tracing::error!(request_id = %request.request_id, error = error.as_ref() as &dyn StdError, "request failed");
    }
    shaped(error, request, dialect).unwrap_or_else(|_| Response::empty(StatusCode::INTERNAL_SERVER_ERROR))
}

/// Returns the response in the format of a dialect.
///
/// # Errors
/// If it cannot be written as JSON.
pub(crate) fn shaped(error: &ApiError, request: &Request, dialect: Dialect) -> Result<Response, serde_json::Error> {
    let response = match dialect {
        Dialect::Native => native(error, request),
        Dialect::Klen => klen::refusal(error, request),
        Dialect::Verbex => verbex::refusal(error),
        Dialect::Levers => levers::refusal(error),
    }?;
    Ok(match error.retry_after() {
        Some(seconds) => response.retry_after(seconds),
        None => response,
    })
}

fn native(error: &ApiError, request: &Request) -> Result<Response, serde_json::Error> {
    let details = match error {
        ApiError::Validation(fields) => fields.as_slice(),
        _ => &[],
    };
    let conversation_id = match error {
        ApiError::SendRefused { conversation, .. } => Some(*conversation),
        _ => None,
    };
    let Funds { balance, required_rate, currency } = error.funds();
    let body = FailureBody {
        code: error.code(),
        message: error.message(),
        details,
        conversation_id,
        balance,
        required_rate,
        currency,
    };
    Response::json(error.status(), &Failure { error: body, meta: Meta { request_id: &request.request_id } })
}
