//! Errors of a command.

use std::error::Error as StdError;
use std::fmt;

use aws_sdk_dynamodb::error::ErrorMetadata;
use domain::audit::AuditEntry;

/// Reason for which a command was not carried out.
#[derive(Debug)]
pub(crate) enum Error {
    /// The request is invalid or not allowed.
    Refused(String),
    /// The store failed to read or write.
    Store(store::StoreError),
    /// An AWS request failed. Carries the operation.
    Aws(&'static str, Box<dyn StdError + Send + Sync>),
    /// There are no usable AWS credentials.
    Credentials {
        /// Advice to the operator.
        advice: String,
        /// Error of the credentials' source.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The data of a local stack cannot be opened.
    Local(local::Error),
    /// A file cannot be read or written.
    File(std::path::PathBuf, Box<dyn StdError + Send + Sync>),
}

impl Error {
    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }

    /// Returns advice for an operator whose credentials AWS refuses, if that is the error.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        let first: &(dyn StdError + 'static) = self;
        let chain = std::iter::successors(Some(first), |error| (*error).source());
        let code = chain.filter_map(|error| error.downcast_ref::<ErrorMetadata>()).find_map(ErrorMetadata::code)?;
        match code {
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => Some(
                "the AWS credentials have expired: sign in again, such as by `aws sso login`, or renew AWS_SESSION_TOKEN",
            ),
            "IncompleteSignature"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "MissingAuthenticationToken"
            | "SignatureDoesNotMatch"
            | "UnrecognizedClientException" => Some(
                "AWS does not know these credentials: check the profile (--profile, AWS_PROFILE), or AWS_ACCESS_KEY_ID, \
                 AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and this machine's clock",
            ),
            "AccessDenied" | "AccessDeniedException" => {
                Some("these credentials may not do that: use another profile, or have their policy allow it")
            }
            _ => None,
        }
    }

    pub(crate) fn aws(operation: &'static str, source: impl StdError + Send + Sync + 'static) -> Self {
        Self::Aws(operation, Box::new(source))
    }
}

impl From<store::StoreError> for Error {
    fn from(error: store::StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => f.write_str(why),
            Self::Store(error) => error.fmt(f),
            Self::Aws(operation, _) => write!(f, "{operation} failed"),
            Self::Credentials { advice, .. } => f.write_str(advice),
            Self::Local(error) => error.fmt(f),
            Self::File(path, _) => write!(f, "{} cannot be used", path.display()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Refused(_) => None,
            Self::Store(error) => error.source(),
            Self::Local(error) => error.source(),
            Self::Aws(_, source) | Self::File(_, source) | Self::Credentials { source, .. } => Some(source.as_ref()),
        }
    }
}

/// Returns the audit entry of an operator's action.
pub(crate) fn did(
    action: domain::audit::Action,
    target: impl ToString,
    changed: &[&str],
    at: domain::time::Timestamp,
) -> AuditEntry {
    let changed = changed.iter().map(|name| (*name).to_owned()).collect();
    AuditEntry { at, actor: domain::audit::Actor::Operator, action, target: target.to_string(), mode: None, changed }
}
