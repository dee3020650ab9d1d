//! Errors of a command.

use std::error::Error as StdError;
use std::fmt;

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
    /// The data of a local stack cannot be opened.
    Local(local::Error),
    /// A file cannot be read or written.
    File(std::path::PathBuf, Box<dyn StdError + Send + Sync>),
}

impl Error {
    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
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
            Self::Aws(_, source) | Self::File(_, source) => Some(source.as_ref()),
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
