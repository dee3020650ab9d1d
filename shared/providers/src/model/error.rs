//! What can go wrong with a model.

use std::error::Error;
use std::fmt;

use super::complaint::Complaint;
use crate::egress::{EgressError, RetryAfter};
use crate::secrets::ModelKeyError;

/// Why a model gave no reply. Tells no text and no key.
#[derive(Debug)]
pub enum ModelError {
    /// Its address is none that we connect to, or our client is at fault.
    Unreachable(EgressError),
    /// No connection came about, or it broke.
    Connection(EgressError),
    /// Its key could not be read, is not there, or may not be sent where the agent wants it sent.
    NoKey(ModelKeyError),
    /// The agent names no model, or one without an address.
    NotSetUp,
    /// It took longer than it was given.
    Timeout,
    /// 429: too much was asked of it.
    Throttled {
        /// When it wants to be asked again.
        retry_after: Option<RetryAfter>,
        /// What it calls the reason.
        code: Option<ErrorCode>,
        /// What it says of it.
        complaint: Option<Complaint>,
    },
    /// A 5xx, or a 4xx that may pass.
    Unavailable {
        /// The HTTP status.
        status: u16,
        /// When it wants to be asked again.
        retry_after: Option<RetryAfter>,
    },
    /// It will not answer this, whenever it is asked: another 4xx, or a redirect.
    Rejected {
        /// The HTTP status.
        status: u16,
        /// What it calls the reason, such as `invalid_api_key`.
        code: Option<ErrorCode>,
        /// What it says of it.
        complaint: Option<Complaint>,
    },
    /// Its answer is none that we can read; the text continues "The answer …". A parser's own words are not kept: they
    /// may quote the answer.
    Unreadable(&'static str),
    /// It had nothing to say.
    Empty,
    /// It had more to say than it may: half a text is not sent.
    CutOff,
    /// It used up what it may say before it said anything: it thinks first.
    SpentThinking,
    /// Its vendor withheld the answer, or it refused to give one.
    Filtered,
}

impl ModelError {
    /// Whether asking again may help. What cannot is a matter of the agent's settings or of what was said.
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

    /// What went wrong, for the organization whose agent asked: with the vendor's own words, which may quote what was said and are
    /// for no log.
    pub fn told(&self) -> String {
        match self {
            Self::Throttled { complaint: Some(complaint), .. } | Self::Rejected { complaint: Some(complaint), .. } => {
                format!("{self}: {}", complaint.as_str())
            }
            _ => self.to_string(),
        }
    }

    /// When it wants to be asked again, where it says so.
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

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, code) = match self {
            Self::Unreachable(_) => return f.write_str("the model's address cannot be used"),
            Self::Connection(_) => return f.write_str("the connection to the model failed"),
            Self::NoKey(error) => return error.fmt(f),
            Self::NotSetUp => return f.write_str("the agent has no model, or one without an address"),
            Self::Timeout => return f.write_str("the model did not answer in time"),
            Self::Unreadable(why) => return write!(f, "the model's answer {why}"),
            Self::Empty => return f.write_str("the model had nothing to say"),
            Self::CutOff => return f.write_str("the model's answer was longer than it may be"),
            Self::SpentThinking => {
                return f.write_str(
                    "the model thought for as long as it may speak, and said nothing: raise maxOutputTokens",
                );
            }
            Self::Filtered => return f.write_str("the model's answer was withheld"),
            Self::Throttled { code, .. } => (429, code.as_ref()),
            Self::Unavailable { status, .. } => (*status, None),
            Self::Rejected { status, code, .. } => (*status, code.as_ref()),
        };
        write!(f, "the model answered {status}")?;
        code.map_or(Ok(()), |code| write!(f, " ({code})"))
    }
}

impl Error for ModelError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unreachable(error) | Self::Connection(error) => Some(error),
            Self::NoKey(error) => Some(error),
            Self::Timeout
            | Self::NotSetUp
            | Self::Unreadable(_)
            | Self::Throttled { .. }
            | Self::Unavailable { .. }
            | Self::Rejected { .. }
            | Self::Empty
            | Self::CutOff
            | Self::SpentThinking
            | Self::Filtered => None,
        }
    }
}

/// A vendor's word for what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorCode(String);

/// The longest code that is taken for one.
const LONGEST_CODE: usize = 64;

impl ErrorCode {
    /// Reads a code; `None` where the text is longer than a code is, or is prose.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let well_formed = (1..=LONGEST_CODE).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        well_formed.then(|| Self(text.to_owned()))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
