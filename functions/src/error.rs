//! Errors of requests and of functions. `answer.rs` converts them into responses.
//!
//! | error | answer |
//! |---|---|
//! | error of the client | 4xx with its code and with every invalid field; nothing was written |
//! | [`StoreError::Conflict`] | 409 `conflict`: the client sends the request again |
//! | any other error | 500 with the request's id and no details; `answer.rs` logs the chain of causes once |

use std::error::Error as StdError;
use std::fmt;

use domain::end_reason::EndReason;
use domain::ids::ConversationId;
use domain::organization::OutOfReach;
use domain::quota::{Exhausted, Quota};
use domain::time::Span;
use lambda_http::http::StatusCode;
use serde::Serialize;
use store::StoreError;
use store::entropy::NoEntropy;

use crate::problem::Problem;

/// Invalid field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// Name of the field, as the client wrote it.
    pub field: String,
    /// Description of the problem, and the fix.
    pub message: String,
}

impl FieldError {
    /// Returns the error of a field, with a description of the problem.
    pub fn new(field: impl Into<String>, message: impl fmt::Display) -> Self {
        Self { field: field.into(), message: message.to_string() }
    }
}

/// Error of a request, with the status of its response.
#[derive(Debug)]
pub enum ApiError {
    /// 400: the fields are invalid.
    Validation(Vec<FieldError>),
    /// 422: the fields are invalid, in FastAPI's format. Dialects whose vendors answer so use it.
    Unprocessable(Vec<Problem>),
    /// Error with a code from another vendor's documentation.
    Coded {
        /// Status of the response.
        status: StatusCode,
        /// Error code of the vendor.
        code: &'static str,
        /// Description of the problem, and the fix.
        message: String,
    },
    /// 401: there is no valid key. The response does not say if the key is missing, malformed, unknown, expired or revoked.
    Unauthorized,
    /// 402: the wallet does not cover the price.
    InsufficientFunds {
        /// Balance of the wallet, in minor units.
        balance_minor: i64,
        /// Required amount, in minor units.
        required_minor: i64,
        /// Currency, as an ISO 4217 code.
        currency: String,
    },
    /// 403: the key or its organization lacks a permission.
    PermissionDenied(String),
    /// 403: the number is on the do-not-call list.
    DoNotCall,
    /// 404: the resource does not exist, or belongs to another organization.
    NotFound(&'static str),
    /// 404: the request is a replay, and the resource that it created was deleted.
    Gone(String),
    /// 409: the state of the resource, or another change to it, prevents the request.
    Conflict(String),
    /// 413: the body is larger than this number of bytes.
    PayloadTooLarge(usize),
    /// 415: the body is not JSON.
    UnsupportedMediaType,
    /// 422: the idempotency key was used for another request.
    KeyReused,
    /// 429: a rate limit is used up.
    RateLimited {
        /// Time until the request may be sent again.
        wait: Span,
        /// Description of the limit.
        message: String,
    },
    /// 500: an internal failure. The request may or may not have been carried out.
    Internal(Box<dyn StdError + Send + Sync>),
    /// 502: a provider or a model did not answer as expected.
    Provider(String),
    /// 502, or 403 if the customer opted out at the carrier: the provider refused the opening message of a conversation. The
    /// conversation was written and has ended.
    SendRefused {
        /// Id of the conversation.
        conversation: ConversationId,
        /// End reason of the conversation.
        reason: EndReason,
    },
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Self::Conflict("it is being changed by somebody else; send it again".to_owned()),
            other => Self::Internal(Box::new(other)),
        }
    }
}

impl From<serde_json::Error> for ApiError {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(Box::new(error))
    }
}

impl From<NoEntropy> for ApiError {
    fn from(error: NoEntropy) -> Self {
        Self::Internal(Box::new(error))
    }
}

/// Message for a metered organization that has reached the number of calls accepted within one second.
const TOO_FAST: &str = "too many calls were accepted within this second; send it again";

impl From<Exhausted> for ApiError {
    fn from(exhausted: Exhausted) -> Self {
        let Exhausted { quota, limit, resets_in } = exhausted;
        let message = match quota {
            Quota::Requests => format!("this API key may make {limit} requests a minute"),
            Quota::Calls => format!("this API key may place {limit} calls a day"),
        };
        Self::RateLimited { wait: resets_in, message }
    }
}

impl ApiError {
    /// Returns the 429 for too many calls that were accepted within this second.
    pub(crate) fn too_fast() -> Self {
        Self::RateLimited { wait: Span::seconds(1), message: TOO_FAST.to_owned() }
    }

    /// Returns the 403 for a number that the organization's live conversations may not reach.
    pub(crate) fn out_of_reach(why: OutOfReach) -> Self {
        Self::PermissionDenied(format!("the organization may not contact {why}"))
    }

    /// Returns the 400 for one invalid field.
    pub fn field(field: impl Into<String>, message: impl fmt::Display) -> Self {
        Self::Validation(vec![FieldError::new(field, message)])
    }

    /// Returns the status of the response.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Validation(_) => StatusCode::BAD_REQUEST,
            Self::Unprocessable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Coded { status, .. } => *status,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::InsufficientFunds { .. } => StatusCode::PAYMENT_REQUIRED,
            Self::PermissionDenied(_) | Self::DoNotCall => StatusCode::FORBIDDEN,
            Self::NotFound(_) | Self::Gone(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::PayloadTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Provider(_) => StatusCode::BAD_GATEWAY,
            Self::SendRefused { reason, .. } if is_opt_out(reason) => StatusCode::FORBIDDEN,
            Self::SendRefused { .. } => StatusCode::BAD_GATEWAY,
        }
    }

    /// The codes of the native API.
    #[cfg(feature = "openapi")]
    pub(crate) const CODES: [&'static str; 13] = [
        "validation_error",
        "unauthorized",
        "insufficient_funds",
        "permission_denied",
        "do_not_call",
        "not_found",
        "conflict",
        "payload_too_large",
        "unsupported_media_type",
        "idempotency_key_reused",
        "rate_limited",
        "internal_error",
        "provider_error",
    ];

    /// Returns the error code, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Validation(_) | Self::Unprocessable(_) => "validation_error",
            Self::Coded { code, .. } => code,
            Self::InsufficientFunds { .. } => "insufficient_funds",
            Self::Unauthorized => "unauthorized",
            Self::PermissionDenied(_) => "permission_denied",
            Self::DoNotCall => "do_not_call",
            Self::NotFound(_) | Self::Gone(_) => "not_found",
            Self::Conflict(_) => "conflict",
            Self::PayloadTooLarge(_) => "payload_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::KeyReused => "idempotency_key_reused",
            Self::RateLimited { .. } => "rate_limited",
            Self::Internal(_) => "internal_error",
            Self::SendRefused { reason, .. } if is_opt_out(reason) => "do_not_call",
            Self::Provider(_) | Self::SendRefused { .. } => "provider_error",
        }
    }

    /// Returns a description of the problem and the fix, for people.
    pub fn message(&self) -> String {
        match self {
            Self::Validation(fields) => match fields.as_slice() {
                [one] => format!("{} {}", one.field, one.message),
                many => format!("{} fields are invalid; see details", many.len()),
            },
            Self::Unprocessable(problems) => {
                problems.first().map_or_else(|| "the body is invalid".to_owned(), Problem::to_string)
            }
            Self::Coded { message, .. } => message.clone(),
            Self::InsufficientFunds { balance_minor, required_minor, currency } => format!(
                "the wallet holds {balance_minor} and the call requires {required_minor}, in minor units of {currency}"
            ),
            Self::Unauthorized => "a valid API key is required: Authorization: Bearer <key>".to_owned(),
            Self::PermissionDenied(message) | Self::Conflict(message) | Self::Provider(message) => message.clone(),
            Self::Gone(message) | Self::RateLimited { message, .. } => message.clone(),
            Self::DoNotCall => "toNumber is on the do-not-call list".to_owned(),
            Self::SendRefused { reason, .. } if is_opt_out(reason) => {
                "toNumber opted out at the carrier, and is on the do-not-call list now".to_owned()
            }
            Self::SendRefused { reason, .. } => format!("the provider refused the opening text: {reason}"),
            Self::NotFound(what) => format!("there is no such {what}"),
            Self::PayloadTooLarge(limit) => format!("the body is larger than {}", shown_size(*limit)),
            Self::UnsupportedMediaType => "send the body as JSON, with Content-Type: application/json".to_owned(),
            Self::KeyReused => {
                "this Idempotency-Key was used for a different request; use a new key for a new request".to_owned()
            }
            Self::Internal(_) => "something went wrong on our side; the request can be sent again".to_owned(),
        }
    }

    /// Returns the number of seconds after which the request may be sent again, if it is known. At least 1.
    pub(crate) fn retry_after(&self) -> Option<u32> {
        match self {
            Self::RateLimited { wait, .. } => {
                Some(u32::try_from(wait.as_seconds_rounded_up()).unwrap_or(u32::MAX).max(1))
            }
            _ => None,
        }
    }

    /// Returns the balance and the required amount of an `insufficient_funds` error. Empty for any other error.
    pub(crate) fn funds(&self) -> Funds<'_> {
        match self {
            Self::InsufficientFunds { balance_minor, required_minor, currency } => {
                Funds { balance: Some(*balance_minor), required_rate: Some(*required_minor), currency: Some(currency) }
            }
            _ => Funds::default(),
        }
    }
}

/// Balance of the wallet and the amount that the call requires, in minor units of the currency.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Funds<'a> {
    /// Spendable balance, if the error is `insufficient_funds`.
    pub(crate) balance: Option<i64>,
    /// Required amount, if the error is `insufficient_funds`.
    pub(crate) required_rate: Option<i64>,
    /// Currency, as an ISO 4217 code.
    pub(crate) currency: Option<&'a str>,
}

/// Returns `true` if the carrier or the customer has forbidden further messages.
fn is_opt_out(reason: &EndReason) -> bool {
    [EndReason::OPTED_OUT, EndReason::DO_NOT_CALL].contains(reason)
}

/// Error of an invocation as a whole.
#[derive(Debug)]
pub enum Error {
    /// Event of another kind than the function expects.
    Event(serde_json::Error),
    /// Failure of work that had begun and could not be finished.
    Work(Box<dyn StdError + Send + Sync>),
    /// Result that cannot be written as JSON.
    Answer(serde_json::Error),
    /// Failure of the system's source of randomness.
    Entropy(NoEntropy),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Event(_) => "the event is not of the kind this function is called with",
            Self::Work(_) => "the work could not be finished",
            Self::Answer(_) => "the answer cannot be written",
            Self::Entropy(_) => "there is no randomness",
        })
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Event(source) | Self::Answer(source) => Some(source),
            Self::Work(source) => Some(source.as_ref()),
            Self::Entropy(source) => Some(source),
        }
    }
}

/// Formats a size in MiB if it is a whole number of them, and in KiB otherwise.
fn shown_size(bytes: usize) -> String {
    if bytes.is_multiple_of(1 << 20) { format!("{} MiB", bytes >> 20) } else { format!("{} KiB", bytes >> 10) }
}
