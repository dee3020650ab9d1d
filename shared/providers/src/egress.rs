//! The guarded HTTP client: everything that goes to a URL that a client chose goes through here.
//!
//! Invariants: nothing connects to an address that was not checked; nothing is sent twice, to a second place, or over a
//! connection that was used before; nothing takes longer than it was given, whatever the other side does.

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
pub use self::error::{EgressError, NotPublic, Source, UrlError};
pub use self::policy::{EgressPolicy, LONGEST_URL};
pub use self::signed::{name_request, signed_headers};

/// How long an endpoint may take over a webhook, from the look-up of its name to the end of its answer.
pub const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(15);

/// What is kept of an endpoint's answer to a webhook: enough for its owner to recognize an error page in the delivery log.
pub const WEBHOOK_KEEP_BYTES: usize = 1_024;

/// How long a connection may take to come about, TLS included: what takes longer has sent nothing of the request.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a name's look-up may take while somebody waits for an endpoint to be registered.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// A request to a client's URL.
pub struct OutboundRequest {
    /// What is asked for.
    pub method: Method,
    /// Of whom.
    pub url: Url,
    /// The headers, but for those that the body and the connection bring with them.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// One deadline over everything: name, connection, request, answer. Of an answer whose status says everything there is to know,
    /// status and headers have to be there by then.
    pub timeout: Duration,
    /// How much of the answer's body is kept. What is beyond it is not read: the connection is closed instead.
    pub keep_bytes: usize,
    /// Whether an answer is none whose body breaks off, or is not over in time. Where the status says everything there is to know, it is one that was cut.
    pub needs_all: bool,
}

impl fmt::Debug for OutboundRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({} bytes)", self.method, self.url.host_str().unwrap_or("-"), self.body.len())
    }
}

/// What stands in for the network in a simulation.
pub type Exchange =
    Arc<dyn Fn(OutboundRequest) -> BoxFuture<'static, Result<Answer, EgressError>> + Send + Sync + 'static>;

/// The guarded HTTP client. Cheap to clone.
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
    /// The client that reaches the network.
    ///
    /// # Errors
    /// [`EgressError::Setup`] where the TLS provider lacks what it should have.
    pub fn new(policy: EgressPolicy) -> Result<Self, EgressError> {
        Self::with(Guard::Clients(policy), resolver::system(), public_roots())
    }

    /// The client that reaches a service of the operator's own, at an address that no client has a say in: an emulator's, or
    /// one in a private network.
    ///
    /// # Errors
    /// [`EgressError::Setup`] where the TLS provider lacks what it should have.
    pub fn to_our_own() -> Result<Self, EgressError> {
        Self::with(Guard::Operators, resolver::system(), public_roots())
    }

    /// A client whose every request goes to this function instead of the network. URLs are checked, deadlines kept and
    /// answers cut all the same; names are not looked up.
    pub fn through(policy: EgressPolicy, exchange: Exchange) -> Self {
        Self { guard: Guard::Clients(policy), transport: Transport::Function(exchange) }
    }

    fn with(guard: Guard, lookup: Lookup, roots: RootCertStore) -> Result<Self, EgressError> {
        let network = Network::new(Guarded { lookup, guard }, roots)?;
        Ok(Self { guard, transport: Transport::Network(Arc::new(network)) })
    }

    /// Checks a URL when it is registered: its form, its host, and the addresses that the host's name has today. What it
    /// means at each later connection is checked then. With `allow_insecure` no name is looked up: a laptop may be offline.
    ///
    /// # Errors
    /// [`UrlError`], whose text says how to mend the URL.
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

    /// Sends a request, once, and reads what comes back.
    ///
    /// # Errors
    /// [`EgressError`] where no complete answer came back in time. An answer of any status is none.
    pub async fn send(&self, request: OutboundRequest) -> Result<Answer, EgressError> {
        let keep_bytes = request.keep_bytes;
        let answer = match self.exchange(request).await? {
            Received::Bytes(head, body) => Answer::new(&head, &body),
            Received::Text(answer) => answer,
        };
        Ok(answer.cut_to(keep_bytes))
    }

    /// Sends a request, once, and reads what comes back byte by byte.
    ///
    /// # Errors
    /// As [`Egress::send`].
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

/// The body, as far as it was read.
struct Body {
    bytes: Vec<u8>,
    broke_off: bool,
}

/// What came back, before anybody has looked at it.
enum Received {
    Bytes(Parts, Body),
    Text(Answer),
}
