//! What can go wrong on the way to a client's URL.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::IpAddr;

use super::policy::LONGEST_URL;

/// Any error, kept for the log.
pub type Source = Box<dyn Error + Send + Sync>;

/// Why nothing, or not enough, came back.
#[derive(Debug)]
pub enum EgressError {
    /// The URL, or the address behind it, is none that we connect to. Nothing was sent.
    Refused(UrlError),
    /// The host's name has no address. Nothing was sent.
    Dns(Source),
    /// No connection came about. Nothing was sent.
    Connect(Source),
    /// The connection could not be secured, or the certificate is not to be trusted. Nothing was sent.
    Tls(Source),
    /// Name, connection, request and answer together took longer than they were given.
    Timeout,
    /// The connection broke, or what came back was no HTTP.
    Broken(Source),
    /// No secret is there to sign with, or none that can be read. Nothing was sent.
    Unsigned,
    /// The client itself could not be made. A mistake of ours.
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
    /// Sorts a failure to find the host's address.
    pub(super) fn of_lookup(error: Source) -> Self {
        match error.downcast::<NotPublic>() {
            Ok(address) => Self::Refused(UrlError::NotPublic(*address)),
            Err(error) => Self::Dns(error),
        }
    }

    /// Sorts a failure to connect.
    pub(super) fn of_connection(error: Source) -> Self {
        let secured = in_chain::<rustls::Error>(error.as_ref()).is_none();
        if secured { Self::Connect(error) } else { Self::Tls(error) }
    }
}

/// The first error of this type among an error and its causes.
fn in_chain<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An I/O error names as its source what its content names as source, and skips the content itself.
        let content = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = content.map(|content| content as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}

/// An address that is not a public one. It is kept for the log; its text does not tell it, since whoever chose a name
/// need not learn what it means inside our network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPublic {
    /// The address.
    pub address: IpAddr,
    /// What it is instead.
    pub kind: &'static str,
}

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "must lead to a public address; this one is {}", self.kind)
    }
}

impl Error for NotPublic {}

/// What is wrong with a URL. Each text continues "The URL …" and says how to mend it.
#[derive(Debug)]
pub enum UrlError {
    /// It cannot be read.
    Malformed(url::ParseError),
    /// It is longer than [`LONGEST_URL`].
    TooLong,
    /// Its scheme is not `https`.
    NotHttps,
    /// It names a user or a password.
    Credentials,
    /// Its port belongs to some other protocol.
    Port(u16),
    /// Its host, or the name's meaning, is not a public address.
    NotPublic(NotPublic),
    /// Its host's name has no address.
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
