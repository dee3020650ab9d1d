//! Errors of requests to clients' URLs.

use std::error::Error;
use std::io;
use std::net::IpAddr;

/// Cause of an error, kept for the log.
pub type Source = Box<dyn Error + Send + Sync>;

/// Maximum length of a URL, in bytes. Every server and proxy on the way can be trusted to accept it.
pub const LONGEST_URL: usize = 2_048;

/// Reason why no answer, or no complete one, came back.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// URL, or address behind it, that the policy refuses. Nothing was sent.
    #[error("refused: the URL {0}")]
    Refused(#[source] UrlError),
    /// Host name that could not be resolved. Nothing was sent.
    #[error("the host's name could not be resolved")]
    Dns(#[source] Source),
    /// Connection that could not be established. Nothing was sent.
    #[error("the host could not be connected to")]
    Connect(#[source] Source),
    /// Connection that TLS could not secure, or whose certificate is not trusted. Nothing was sent.
    #[error("the connection could not be secured")]
    Tls(#[source] Source),
    /// Exchange that exceeded its time limit: look-up, connection, request and answer together.
    #[error("timed out")]
    Timeout,
    /// Connection that broke, or an answer that is not HTTP.
    #[error("the connection broke before the answer was complete")]
    Broken(#[source] Source),
    /// Missing or unreadable signing secret. Nothing was sent.
    #[error("nothing was sent: the stored signing secret cannot be read; rotate it, then send again")]
    Unsigned,
    /// HTTP client or request that could not be built. The fault is ours.
    #[error("the HTTP client could not be set up")]
    Setup(#[source] Source),
}

impl EgressError {
    /// Classifies a failed look-up of the host's address.
    pub(super) fn of_lookup(error: Source) -> Self {
        match error.downcast::<NotPublic>() {
            Ok(address) => Self::Refused(UrlError::NotPublic(*address)),
            Err(error) => Self::Dns(error),
        }
    }

    /// Classifies a failed connection.
    pub(super) fn of_connection(error: Source) -> Self {
        let secured = in_chain::<rustls::Error>(error.as_ref()).is_none();
        if secured { Self::Connect(error) } else { Self::Tls(error) }
    }
}

/// Returns the first error of this type among an error and its causes.
fn in_chain<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // The source of an I/O error is the source of the error inside it. That inner error itself is skipped, so it is visited
        // here.
        let content = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = content.map(|content| content as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}

/// Address that is not public. It is kept for the log. The error text omits it: a client that chose a host name must not learn
/// what the name means inside our network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must lead to a public address; this one is {kind}")]
pub struct NotPublic {
    /// Refused address.
    pub address: IpAddr,
    /// Kind of the address, such as "private".
    pub kind: &'static str,
}

/// Problem of a URL. Each text continues "The URL …" and says how to correct it.
#[derive(Debug, thiserror::Error)]
pub enum UrlError {
    /// URL that cannot be parsed.
    #[error("must be an absolute URL, such as https://example.com/hooks")]
    Malformed(#[source] url::ParseError),
    /// URL longer than [`LONGEST_URL`].
    #[error("must have at most {} characters", LONGEST_URL)]
    TooLong,
    /// URL whose scheme is not `https`.
    #[error("must begin with https://")]
    NotHttps,
    /// URL with a user or a password.
    #[error("must not hold a user or password; requests are signed instead")]
    Credentials,
    /// Port that belongs to another protocol.
    #[error("must use port 443, or one from 1024 up; {0} belongs to another protocol")]
    Port(u16),
    /// Host that is not a public address, or whose name leads to one that is not.
    #[error("{0}")]
    NotPublic(#[source] NotPublic),
    /// Host name that could not be resolved.
    #[error("must name a host that can be resolved; check the spelling")]
    Unresolved(#[source] Source),
}
