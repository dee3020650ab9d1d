//! HTTP client of the adapters.
//!
//! A request that reaches a provider twice may reach a customer twice. So this client sends nothing again: no retry, no
//! redirect, and no reused connection. One deadline covers the whole exchange. Errors are told apart by one question: may the
//! provider have received the request?

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

/// Time limit of a provider request, from the DNS look-up to the end of the answer. Together with reading the credentials
/// before it, it is shorter than the caller's own limit.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(7);

/// Number of bytes that are read of an answer. A list of calls is the largest answer.
pub const KEEP_BYTES: usize = 1024 * 1024;

/// Request of an adapter.
pub struct Question {
    /// HTTP method.
    pub method: Method,
    /// URL of the request.
    pub url: Url,
    /// Request headers, credentials among them.
    pub headers: HeaderMap,
    /// Request body.
    pub body: Vec<u8>,
    /// Number of bytes that are read of the answer.
    pub keep_bytes: usize,
}

/// Omits headers and body: they contain credentials and message texts.
impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url.host_str().unwrap_or("-"))
    }
}

/// Answer of a provider, of any status.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Wait that the provider asks for.
    pub retry_after: Option<Span>,
    /// Media type of the body.
    pub content_type: Option<String>,
    /// Target of a redirect. The client does not follow it.
    pub location: Option<String>,
    /// Value of `Content-Range`, if the answer is a part: the part and the total size.
    pub content_range: Option<String>,
    /// Answer body, up to the requested number of bytes.
    pub body: Vec<u8>,
    /// `true` if the body was longer than the requested number of bytes.
    pub cut: bool,
}

/// Omits the body.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.status, self.body.len())
    }
}

/// Reason why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum NoReply {
    /// Request that was provably not sent: no address, no connection or no TLS.
    #[error("nothing was sent to the provider")]
    NotSent(#[source] EgressError),
    /// Answer that did not come in time. The request may have arrived.
    #[error("the provider did not answer in time")]
    TimedOut,
    /// Connection that broke after the request had begun.
    #[error("the connection to the provider broke")]
    Broken(#[source] EgressError),
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
    /// Parses the body as JSON of this shape. Returns `None` if it has another shape, or was cut.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        if self.cut { None } else { serde_json::from_slice(&self.body).ok() }
    }

    /// Creates an answer of this status. A 429 asks for a wait of two seconds.
    #[cfg(test)]
    pub(crate) fn of(status: u16, body: &str) -> Self {
        let retry_after = (status == 429).then(|| Span::seconds(2));
        let body = body.as_bytes().to_vec();
        Self { status, retry_after, content_type: None, location: None, content_range: None, body, cut: false }
    }

    /// Returns the provider's error code: a short word or number. Anything that may be message text or a phone number is left
    /// out.
    fn code(&self) -> Option<String> {
        const LONGEST: usize = 40;
        let body: Value = self.json()?;
        let code = body.pointer("/errors/0/code").or_else(|| body.get("code")).or_else(|| body.get("error_code"))?;
        let code = code.as_str().map(str::to_owned).or_else(|| code.as_u64().map(|code| code.to_string()))?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        // More than 6 digits may be a phone number.
        let is_number = code.len() > 6 && code.bytes().all(|byte| byte.is_ascii_digit());
        (!code.is_empty() && code.len() <= LONGEST && code.bytes().all(is_plain) && !is_number).then_some(code)
    }

    /// Returns `true` for a 2xx status.
    pub fn is_success(&self) -> bool {
        (200..=299).contains(&self.status)
    }
}

/// HTTP status by which a provider refuses an account's credentials.
pub(crate) const UNAUTHORIZED: u16 = 401;

/// Number of bytes that are read of an answer that shows a long call, with its words, their times and every tool call.
pub(crate) const LONG_CALL_BYTES: usize = 4 * 1_024 * 1_024;

/// Reduces the result of placing a call or sending an SMS message to the facts that [`classify`](crate::classify) needs.
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

/// HTTP client of the adapters. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ProviderClient {
    egress: Egress,
    clock: Clock,
}

impl ProviderClient {
    /// Creates a client over the guarded HTTP client.
    pub fn new(egress: Egress, clock: Clock) -> Self {
        Self { egress, clock }
    }

    /// Returns the clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Sends a request, once.
    ///
    /// # Errors
    /// [`NoReply`] if no complete answer came back. An answer of any status is not an error.
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
