//! Errors of requests and of functions. `answer.rs` turns them into responses.
//!
//! | error | answer |
//! |---|---|
//! | the client's | 4xx with its code; every wrong field at once; nothing was written |
//! | [`StoreError::Conflict`] | 409 `conflict`: send it again |
//! | anything else | 500 with the request's id, and nothing else; the chain of causes is logged once, in `answer.rs` |

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

/// A field of a request that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The field's name, as the client wrote it.
    pub field: String,
    /// What is wrong with it, and the fix.
    pub message: String,
}

impl FieldError {
    /// A field, and what is wrong with it.
    pub fn new(field: impl Into<String>, message: impl fmt::Display) -> Self {
        Self { field: field.into(), message: message.to_string() }
    }
}

/// Why a request is not carried out.
#[derive(Debug)]
pub enum ApiError {
    /// 400: these fields are wrong.
    Validation(Vec<FieldError>),
    /// 422: these fields are wrong, in the words of the front doors whose originals answer so.
    Unprocessable(Vec<Problem>),
    /// A refusal that another vendor's document has a code of its own for.
    Coded {
        /// Its status.
        status: StatusCode,
        /// Its code.
        code: &'static str,
        /// What is wrong, and the fix.
        message: String,
    },
    /// 401: there is no valid key. There is no hint which it is: missing, malformed, unknown, expired or revoked.
    Unauthorized,
    /// 402: the wallet does not cover it.
    InsufficientFunds {
        /// What is in it, in minor units.
        balance_minor: i64,
        /// What is required, in minor units.
        required_minor: i64,
        /// The currency, by ISO 4217.
        currency: String,
    },
    /// 403: the key, or its organization, may not.
    PermissionDenied(String),
    /// 403: the number must not be contacted.
    DoNotCall,
    /// 404: there is no such thing, or it belongs to somebody else.
    NotFound(&'static str),
    /// 404: what the request made when it was sent before is not there any more.
    Gone(String),
    /// 409: something stands in the way.
    Conflict(String),
    /// 413: the body is larger than so many bytes.
    PayloadTooLarge(usize),
    /// 415: the body is not JSON.
    UnsupportedMediaType,
    /// 422: the idempotency key was used for another request.
    KeyReused,
    /// 429: too much of it in too short a time.
    RateLimited {
        /// How long to wait.
        wait: Span,
        /// What there was too much of.
        message: String,
    },
    /// 500, 409 for a conflict: the request may or may not have been carried out.
    Internal(Box<dyn StdError + Send + Sync>),
    /// 502: the provider did not answer as it should.
    Provider(String),
    /// 502, or 403 where the customer opted out at the carrier: the provider refused the opening text of a conversation,
    /// which was written and has ended.
    SendRefused {
        /// The conversation.
        conversation: ConversationId,
        /// Why it ended.
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

/// What a metered organization hears that has more calls accepted within a second than may be.
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
    /// 429: too many calls were accepted within this second.
    pub(crate) fn too_fast() -> Self {
        Self::RateLimited { wait: Span::seconds(1), message: TOO_FAST.to_owned() }
    }

    /// 403: the organization's live conversations may not go to the number.
    pub(crate) fn out_of_reach(why: OutOfReach) -> Self {
        Self::PermissionDenied(format!("the organization may not contact {why}"))
    }

    /// One wrong field.
    pub fn field(field: impl Into<String>, message: impl fmt::Display) -> Self {
        Self::Validation(vec![FieldError::new(field, message)])
    }

    /// The status it is answered with.
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

    /// Its name, for programs.
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

    /// What is wrong, and the fix, for people.
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

    /// Seconds after which the request may be sent again, if they are known. At least 1.
    pub(crate) fn retry_after(&self) -> Option<u32> {
        match self {
            Self::RateLimited { wait, .. } => {
                Some(u32::try_from(wait.as_seconds_rounded_up()).unwrap_or(u32::MAX).max(1))
            }
            _ => None,
        }
    }

    /// What is in the wallet and what is required, where that is what is wrong.
    pub(crate) fn funds(&self) -> Funds<'_> {
        match self {
            Self::InsufficientFunds { balance_minor, required_minor, currency } => {
                Funds { balance: Some(*balance_minor), required_rate: Some(*required_minor), currency: Some(currency) }
            }
            _ => Funds::default(),
        }
    }
}

/// What is in the wallet, and what the call requires: in minor units of the currency.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Funds<'a> {
    /// What can be spent.
    pub(crate) balance: Option<i64>,
    /// What has to be there.
    pub(crate) required_rate: Option<i64>,
    /// The currency.
    pub(crate) currency: Option<&'a str>,
}

/// Whether the carrier, or the customer, wants nothing more to be sent.
fn is_opt_out(reason: &EndReason) -> bool {
    [EndReason::OPTED_OUT, EndReason::DO_NOT_CALL].contains(reason)
}

/// Why a function could not be run at all.
#[derive(Debug)]
pub enum Error {
    /// The event is not of the kind that the function is called with.
    Event(serde_json::Error),
    /// The work was begun and could not be finished.
    Work(Box<dyn StdError + Send + Sync>),
    /// The answer cannot be written.
    Answer(serde_json::Error),
    /// The machine has no randomness to give.
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

/// A size in the largest unit that it is whole in.
fn shown_size(bytes: usize) -> String {
    if bytes.is_multiple_of(1 << 20) { format!("{} MiB", bytes >> 20) } else { format!("{} KiB", bytes >> 10) }
}
