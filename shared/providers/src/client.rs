//! The one HTTP client of the adapters.
//!
//! What may happen twice at a provider happens to a customer twice. So nothing here is sent again: no retry, no redirect,
//! no connection that was used before, one deadline over everything. What went wrong is told apart by the one question
//! that counts: may the provider have heard of it?

use std::error::Error;
use std::fmt;
use std::time::Duration;

use domain::end_reason::EndReason;
use domain::time::Span;
use http::{HeaderMap, Method};
use serde_json::Value;
use store::clock::Clock;
use url::Url;

use crate::egress::{Egress, EgressError, OutboundRequest, RawAnswer};
use crate::outcome::Wire;
use crate::voice::ProviderError;

/// How long a provider may take over a request, from the look-up of its name to the end of its answer. With the read of
/// the credentials before it, less than whoever asks waits.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(7);

/// What is read of an answer: a list of calls is the largest.
pub const KEEP_BYTES: usize = 1024 * 1024;

/// What an adapter asks for.
pub struct Question {
    /// The method.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// The headers, credentials among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// How much of the answer is read.
    pub keep_bytes: usize,
}

/// Without headers and body: there are credentials and texts in them.
impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url.host_str().unwrap_or("-"))
    }
}

/// What a provider answered, of whatever status.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its HTTP status.
    pub status: u16,
    /// The wait it asks for.
    pub retry_after: Option<Span>,
    /// The body's media type.
    pub content_type: Option<String>,
    /// Where it sends us, where it is a redirect. Nobody follows it here.
    pub location: Option<String>,
    /// Which part of how much it is, where it is one.
    pub content_range: Option<String>,
    /// The body.
    pub body: Vec<u8>,
    /// Whether there was more of it than was to be read.
    pub cut: bool,
}

/// Without the body.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.status, self.body.len())
    }
}

/// No answer came.
#[derive(Debug)]
pub enum NoReply {
    /// Provably nothing was sent: no name, no connection, no TLS.
    NotSent(EgressError),
    /// No answer came in time; the request may have arrived.
    TimedOut,
    /// The connection broke after the request was begun.
    Broken(EgressError),
}

impl fmt::Display for NoReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSent(_) => "nothing was sent to the provider",
            Self::TimedOut => "the provider did not answer in time",
            Self::Broken(_) => "the connection to the provider broke",
        })
    }
}

impl Error for NoReply {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotSent(source) | Self::Broken(source) => Some(source),
            Self::TimedOut => None,
        }
    }
}

impl From<EgressError> for NoReply {
    fn from(error: EgressError) -> Self {
        match error {
            EgressError::Timeout => Self::TimedOut,
            EgressError::Broken(_) => Self::Broken(error),
            EgressError::Refused(_)
            | EgressError::Dns(_)
            | EgressError::Connect(_)
            | EgressError::Tls(_)
            | EgressError::Unsigned
            | EgressError::Setup(_) => Self::NotSent(error),
        }
    }
}

impl From<NoReply> for ProviderError {
    fn from(error: NoReply) -> Self {
        Self::new(error)
    }
}

impl Reply {
    /// The body as JSON of this shape; `None` where it is none, or was cut off.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        if self.cut { None } else { serde_json::from_slice(&self.body).ok() }
    }

    /// An answer of this status, which asks to wait for two seconds where it is a 429.
    #[cfg(test)]
    pub(crate) fn of(status: u16, body: &str) -> Self {
        let retry_after = (status == 429).then(|| Span::seconds(2));
        let body = body.as_bytes().to_vec();
        Self { status, retry_after, content_type: None, location: None, content_range: None, body, cut: false }
    }

    /// The provider's own code for what is wrong: a short word or a number, nothing that could be a text or a number of
    /// somebody's.
    fn code(&self) -> Option<String> {
        const LONGEST: usize = 40;
        let body: Value = self.json()?;
        let code = body.pointer("/errors/0/code").or_else(|| body.get("code")).or_else(|| body.get("error_code"))?;
        let code = code.as_str().map(str::to_owned).or_else(|| code.as_u64().map(|code| code.to_string()))?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        // Digits alone are a code while they are few: more of them may be somebody's number.
        let is_number = code.len() > 6 && code.bytes().all(|byte| byte.is_ascii_digit());
        (!code.is_empty() && code.len() <= LONGEST && code.bytes().all(is_plain) && !is_number).then_some(code)
    }

    /// Whether it is a 2xx.
    pub fn is_success(&self) -> bool {
        (200..=299).contains(&self.status)
    }
}

/// The status by which a provider refuses an account's credentials.
pub(crate) const UNAUTHORIZED: u16 = 401;

/// As much of an answer is kept that shows a long call: with its words and their times, and every tool it used.
pub(crate) const LONG_CALL_BYTES: usize = 4 * 1_024 * 1_024;

/// What came back from asking for a call or a text, in the terms that [`classify`](crate::classify) judges.
pub fn wire<Id>(
    replied: Result<Reply, NoReply>,
    id: impl FnOnce(&Reply) -> Option<Id>,
    meaning: impl FnOnce(&Reply) -> Option<EndReason>,
) -> Wire<Id> {
    match replied {
        Err(NoReply::NotSent(error)) => {
            tracing::warn!(error = &error as &dyn Error, "nothing was sent to the provider");
            Wire::NotSent
        }
        Err(NoReply::TimedOut) => Wire::TimedOut,
        Err(NoReply::Broken(_)) => Wire::Broken,
        Ok(reply) => Wire::Answered {
            status: reply.status,
            retry_after: reply.retry_after,
            id: if reply.is_success() { id(&reply) } else { None },
            meaning: if reply.is_success() { None } else { meaning(&reply) },
            code: if reply.is_success() { None } else { reply.code() },
        },
    }
}

/// The one HTTP client of the adapters. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ProviderClient {
    egress: Egress,
    clock: Clock,
}

impl ProviderClient {
    /// A client that reaches providers this way.
    pub fn new(egress: Egress, clock: Clock) -> Self {
        Self { egress, clock }
    }

    /// What tells the time.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Asks, once.
    ///
    /// # Errors
    /// [`NoReply`] where no complete answer came back. An answer of any status is none.
    pub async fn ask(&self, question: Question) -> Result<Reply, NoReply> {
        let Question { method, url, headers, body, keep_bytes } = question;
        let request =
            OutboundRequest { method, url, headers, body, timeout: REQUEST_TIMEOUT, keep_bytes, needs_all: true };
        let answer = self.egress.fetch(request).await?;
        let retry_after = answer.retry_after.map(|after| after.from(self.clock.now()));
        let RawAnswer { status, content_type, location, content_range, body, cut, .. } = answer;
        Ok(Reply { status, retry_after, content_type, location, content_range, body, cut })
    }
}
