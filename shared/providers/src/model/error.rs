//! Errors of models.

use std::fmt;

use super::complaint::Complaint;
use crate::egress::{EgressError, RetryAfter};
use crate::secrets::ModelKeyError;

/// Reason why a model gave no reply. It contains no message text and no key.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Address that we do not connect to, or a request that our client could not build.
    #[error("the model's address cannot be used")]
    Unreachable(#[source] EgressError),
    /// Connection that could not be established, or that broke.
    #[error("the connection to the model failed")]
    Connection(#[source] EgressError),
    /// Key that could not be read, does not exist, or may not be sent to the agent's address.
    #[error("{0}")]
    NoKey(#[source] ModelKeyError),
    /// Agent without a model, or with one that has no address.
    #[error("the agent has no model, or one without an address")]
    NotSetUp,
    /// Answer that did not come in time.
    #[error("the model did not answer in time")]
    Timeout,
    /// Answer 429: too many requests, or too much use.
    #[error("the model answered 429{}", in_brackets(.code))]
    Throttled {
        /// Time of the next try that the vendor asks for.
        retry_after: Option<RetryAfter>,
        /// Error code of the vendor.
        code: Option<ErrorCode>,
        /// Error message of the vendor.
        complaint: Option<Complaint>,
    },
    /// Answer 5xx, or a 4xx that may pass.
    #[error("the model answered {status}")]
    Unavailable {
        /// HTTP status.
        status: u16,
        /// Time of the next try that the server asks for.
        retry_after: Option<RetryAfter>,
    },
    /// Permanent refusal: another 4xx, or a redirect.
    #[error("the model answered {status}{}", in_brackets(.code))]
    Rejected {
        /// HTTP status.
        status: u16,
        /// Error code of the vendor, such as `invalid_api_key`.
        code: Option<ErrorCode>,
        /// Error message of the vendor.
        complaint: Option<Complaint>,
    },
    /// Answer that cannot be read. The text continues "The answer …". A parser's own message is dropped, because it may quote
    /// the answer.
    #[error("the model's answer {0}")]
    Unreadable(&'static str),
    /// Answer without any text.
    #[error("the model had nothing to say")]
    Empty,
    /// Answer that exceeded its length limit. Half a text is not sent.
    #[error("the model's answer was longer than it may be")]
    CutOff,
    /// Answer that used up its length limit by thinking, before any text.
    #[error("the model thought for as long as it may speak, and said nothing: raise maxOutputTokens")]
    SpentThinking,
    /// Answer that the vendor withheld, or that the model refused to give.
    #[error("the model's answer was withheld")]
    Filtered,
}

impl ModelError {
    /// Returns `true` if asking again may help. Otherwise the agent's settings or the conversation itself are the cause.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Connection(_)
            | Self::NoKey(ModelKeyError::Unread(_))
            | Self::Timeout
            | Self::Throttled { .. }
            | Self::Unavailable { .. }
            | Self::Unreadable(_)
            | Self::Empty => true,
            Self::Unreachable(_)
            | Self::NoKey(_)
            | Self::NotSetUp
            | Self::Rejected { .. }
            | Self::CutOff
            | Self::SpentThinking
            | Self::Filtered => false,
        }
    }

    /// Returns the error text for the organization whose agent asked. It includes the vendor's own message, which may quote the
    /// conversation and must not be logged.
    pub fn told(&self) -> String {
        match self {
            Self::Throttled { complaint: Some(complaint), .. } | Self::Rejected { complaint: Some(complaint), .. } => {
                format!("{self}: {}", complaint.as_str())
            }
            _ => self.to_string(),
        }
    }

    /// Returns the time of the next try, if the answer asks for one.
    pub const fn retry_after(&self) -> Option<RetryAfter> {
        match self {
            Self::Throttled { retry_after, .. } | Self::Unavailable { retry_after, .. } => *retry_after,
            Self::Unreachable(_)
            | Self::Connection(_)
            | Self::NoKey(_)
            | Self::NotSetUp
            | Self::Timeout
            | Self::Rejected { .. }
            | Self::Unreadable(_)
            | Self::Empty
            | Self::CutOff
            | Self::SpentThinking
            | Self::Filtered => None,
        }
    }
}

/// Writes the vendor's code behind the status, if there is one.
fn in_brackets(code: &Option<ErrorCode>) -> String {
    code.as_ref().map_or_else(String::new, |code| format!(" ({code})"))
}

impl From<EgressError> for ModelError {
    fn from(error: EgressError) -> Self {
        match error {
            EgressError::Timeout => Self::Timeout,
            EgressError::Refused(_) | EgressError::Unsigned | EgressError::Setup(_) => Self::Unreachable(error),
            EgressError::Dns(_) | EgressError::Connect(_) | EgressError::Tls(_) | EgressError::Broken(_) => {
                Self::Connection(error)
            }
        }
    }
}

/// Error code of a vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorCode(String);

/// Maximum length of a code, in bytes. A longer text is not a code.
const LONGEST_CODE: usize = 64;

impl ErrorCode {
    /// Parses a code of letters and underscores. Returns `None` if the text is too long, or is prose.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let well_formed = (1..=LONGEST_CODE).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        well_formed.then(|| Self(text.to_owned()))
    }

    /// Returns the code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
