//! Errors of requests to clients' URLs.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::IpAddr;

/// Cause of an error, kept for the log.
pub type Source = Box<dyn Error + Send + Sync>;

/// Maximum length of a URL, in bytes. Every server and proxy on the way can be trusted to accept it.
pub const LONGEST_URL: usize = 2_048;

/// Reason why no answer, or no complete one, came back.
#[derive(Debug)]
pub enum EgressError {
    /// URL, or address behind it, that the policy refuses. Nothing was sent.
    Refused(UrlError),
    /// Host name that could not be resolved. Nothing was sent.
    Dns(Source),
    /// Connection that could not be established. Nothing was sent.
    Connect(Source),
    /// Connection that TLS could not secure, or whose certificate is not trusted. Nothing was sent.
    Tls(Source),
    /// Exchange that exceeded its time limit: look-up, connection, request and answer together.
    Timeout,
    /// Connection that broke, or an answer that is not HTTP.
    Broken(Source),
    /// Missing or unreadable signing secret. Nothing was sent.
    Unsigned,
    /// HTTP client or request that could not be built. The fault is ours.
    Setup(Source),
}

impl fmt::Display for EgressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => write!(f, "refused: the URL {error}"),
            Self::Dns(_) => f.write_str("the host's name could not be resolved"),
            Self::Connect(_) => f.write_str("the host could not be connected to"),
            Self::Tls(_) => f.write_str("the connection could not be secured"),
            Self::Timeout => f.write_str("timed out"),
            Self::Broken(_) => f.write_str("the connection broke before the answer was complete"),
            Self::Unsigned => {
                f.write_str("nothing was sent: the stored signing secret cannot be read; rotate it, then send again")
            }
            Self::Setup(_) => f.write_str("the HTTP client could not be set up"),
        }
    }
}

impl Error for EgressError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused(error) => Some(error),
            Self::Dns(source)
            | Self::Connect(source)
            | Self::Tls(source)
            | Self::Broken(source)
            | Self::Setup(source) => Some(source.as_ref()),
            Self::Timeout | Self::Unsigned => None,
        }
    }
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPublic {
    /// Refused address.
    pub address: IpAddr,
    /// Kind of the address, such as "private".
    pub kind: &'static str,
}

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "must lead to a public address; this one is {}", self.kind)
    }
}

impl Error for NotPublic {}

/// Problem of a URL. Each text continues "The URL …" and says how to correct it.
#[derive(Debug)]
pub enum UrlError {
    /// URL that cannot be parsed.
    Malformed(url::ParseError),
    /// URL longer than [`LONGEST_URL`].
    TooLong,
    /// URL whose scheme is not `https`.
    NotHttps,
    /// URL with a user or a password.
    Credentials,
    /// Port that belongs to another protocol.
    Port(u16),
    /// Host that is not a public address, or whose name leads to one that is not.
    NotPublic(NotPublic),
    /// Host name that could not be resolved.
    Unresolved(Source),
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(_) => f.write_str("must be an absolute URL, such as https://example.com/hooks"),
            Self::TooLong => write!(f, "must have at most {LONGEST_URL} characters"),
            Self::NotHttps => f.write_str("must begin with https://"),
            Self::Credentials => f.write_str("must not hold a user or password; requests are signed instead"),
            Self::Port(port) => write!(f, "must use port 443, or one from 1024 up; {port} belongs to another protocol"),
            Self::NotPublic(error) => error.fmt(f),
            Self::Unresolved(_) => f.write_str("must name a host that can be resolved; check the spelling"),
        }
    }
}

impl Error for UrlError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Malformed(error) => Some(error),
            Self::NotPublic(error) => Some(error),
            Self::Unresolved(source) => Some(source.as_ref()),
            Self::TooLong | Self::NotHttps | Self::Credentials | Self::Port(_) => None,
        }
    }
}
