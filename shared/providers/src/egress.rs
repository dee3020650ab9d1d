//! Guarded HTTP client. Every request to a URL that a client chose goes through it.
//!
//! Invariants:
//! - A connection is only opened to an address that was checked.
//! - A request is never sent twice, to a second place, or over a reused connection.
//! - No exchange takes longer than its time limit, whatever the endpoint does.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use http::response::Parts;
use http::{HeaderMap, Method};
use rustls::RootCertStore;
use store::tls::public_roots;
use url::{Host, Url};

use self::network::Network;
use self::policy::Guard;
use self::resolver::{Guarded, Lookup};

mod address;
mod answer;
mod error;
mod network;
mod policy;
mod resolver;
mod signed;
#[cfg(test)]
mod tests;

pub use self::answer::{Answer, RawAnswer, RetryAfter};
pub use self::error::{EgressError, LONGEST_URL, NotPublic, Source, UrlError};
pub use self::policy::EgressPolicy;
pub use self::signed::{name_request, signed_headers};

/// Time limit of a webhook delivery, from the DNS look-up to the end of the answer.
pub const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(15);

/// Number of bytes that are kept of an endpoint's answer to a webhook. They are enough to recognize an error page in the
/// delivery log.
pub const WEBHOOK_KEEP_BYTES: usize = 1_024;

/// Time limit of establishing a connection, TLS included. If it expires, nothing of the request was sent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Time limit of the DNS look-up while a client waits for its endpoint to be registered.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// Request to a client's URL.
pub struct OutboundRequest {
    /// HTTP method.
    pub method: Method,
    /// URL of the request.
    pub url: Url,
    /// Request headers. The host and the body's length are added to them, and a user agent and an accept header if they lack
    /// one.
    pub headers: HeaderMap,
    /// Request body.
    pub body: Vec<u8>,
    /// Time limit of the whole exchange: look-up, connection, request and answer. If `needs_all` is `false`, it only covers the
    /// status and the headers: a body that is late is cut off.
    pub timeout: Duration,
    /// Number of bytes that are kept of the answer's body. The rest is not read: the connection is closed instead.
    pub keep_bytes: usize,
    /// `true` if an answer whose body breaks off or is late counts as no answer. `false` if the status alone is enough: such an
    /// answer then counts as cut.
    pub needs_all: bool,
}

impl fmt::Debug for OutboundRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({} bytes)", self.method, self.url.host_str().unwrap_or("-"), self.body.len())
    }
}

/// Function that replaces the network in a simulation.
pub type Exchange =
    Arc<dyn Fn(OutboundRequest) -> BoxFuture<'static, Result<Answer, EgressError>> + Send + Sync + 'static>;

/// Guarded HTTP client. Cheap to clone.
#[derive(Clone)]
pub struct Egress {
    guard: Guard,
    transport: Transport,
}

#[derive(Clone)]
enum Transport {
    Network(Arc<Network>),
    Function(Exchange),
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").field("guard", &self.guard).finish_non_exhaustive()
    }
}

impl Egress {
    /// Creates the client that reaches the network.
    ///
    /// # Errors
    /// [`EgressError::Setup`] if the TLS provider lacks a required feature.
    pub fn new(policy: EgressPolicy) -> Result<Self, EgressError> {
        Self::with(Guard::Clients(policy), resolver::system(), public_roots())
    }

    /// Creates a client for a service of the operator, at an address that no client can choose: an emulator, or a service in a
    /// private network.
    ///
    /// # Errors
    /// [`EgressError::Setup`] if the TLS provider lacks a required feature.
    pub fn to_our_own() -> Result<Self, EgressError> {
        Self::with(Guard::Operators, resolver::system(), public_roots())
    }

    /// Creates a client that sends every request to this function instead of the network. URLs are checked, deadlines kept and
    /// answers cut as usual. Names are not looked up.
    pub fn through(policy: EgressPolicy, exchange: Exchange) -> Self {
        Self { guard: Guard::Clients(policy), transport: Transport::Function(exchange) }
    }

    fn with(guard: Guard, lookup: Lookup, roots: RootCertStore) -> Result<Self, EgressError> {
        let network = Network::new(Guarded { lookup, guard }, roots)?;
        Ok(Self { guard, transport: Transport::Network(Arc::new(network)) })
    }

    /// Checks a URL at its registration: its form, its host, and the host's current addresses. Each later connection checks the
    /// addresses of its time. With `allow_insecure` no name is looked up, because a laptop may be offline.
    ///
    /// # Errors
    /// [`UrlError`], whose text says how to correct the URL.
    pub async fn check_url(&self, text: &str) -> Result<Url, UrlError> {
        let url = policy::read(self.guard, text)?;
        let (Transport::Network(network), Some(Host::Domain(host)), false) =
            (&self.transport, url.host(), self.guard.allows_plain_http())
        else {
            return Ok(url);
        };
        match tokio::time::timeout(LOOKUP_TIMEOUT, network.guarded.addresses(host.to_owned())).await {
            Ok(Ok(_)) => Ok(url),
            Ok(Err(error)) => match error.downcast::<NotPublic>() {
                Ok(address) => Err(UrlError::NotPublic(*address)),
                Err(error) => Err(UrlError::Unresolved(error)),
            },
            Err(_) => Err(UrlError::Unresolved(io::Error::from(io::ErrorKind::TimedOut).into())),
        }
    }

    /// Sends a request, once, and reads the answer as text.
    ///
    /// # Errors
    /// [`EgressError`] if no complete answer came back in time. An answer of any status is not an error.
    pub async fn send(&self, request: OutboundRequest) -> Result<Answer, EgressError> {
        let keep_bytes = request.keep_bytes;
        let answer = match self.exchange(request).await? {
            Received::Bytes(head, body) => Answer::new(&head, &body),
            Received::Text(answer) => answer,
        };
        Ok(answer.cut_to(keep_bytes))
    }

    /// Sends a request, once, and reads the answer as bytes.
    ///
    /// # Errors
    /// [`EgressError`], as for [`Egress::send`].
    pub async fn fetch(&self, request: OutboundRequest) -> Result<RawAnswer, EgressError> {
        let keep_bytes = request.keep_bytes;
        let answer = match self.exchange(request).await? {
            Received::Bytes(head, body) => RawAnswer::new(&head, body),
            Received::Text(answer) => answer.into(),
        };
        Ok(answer.cut_to(keep_bytes))
    }

    async fn exchange(&self, request: OutboundRequest) -> Result<Received, EgressError> {
        self.guard.check(&request.url).map_err(EgressError::Refused)?;
        match &self.transport {
            Transport::Network(network) => Box::pin(network.exchange(request)).await,
            Transport::Function(function) => {
                let answered = tokio::time::timeout(request.timeout, function(request));
                answered.await.unwrap_or(Err(EgressError::Timeout)).map(Received::Text)
            }
        }
    }
}

/// Body of an answer, up to the point at which reading stopped.
struct Body {
    bytes: Vec<u8>,
    broke_off: bool,
}

/// Answer from the network as bytes, or from a simulation's function as text.
enum Received {
    Bytes(Parts, Body),
    Text(Answer),
}
