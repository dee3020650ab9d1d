//! What can go wrong between us and AWS.

use std::error::Error;
use std::fmt;

/// A failed read, write or send.
#[derive(Debug)]
pub enum StoreError {
    /// Somebody else wrote at the same time, again and again; nothing of ours was written.
    Conflict,
    /// AWS did not answer as it should.
    Aws {
        /// The operation, such as `PutItem`.
        operation: &'static str,
        /// What the SDK says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// DynamoDB kept back keys of a batch read: what was not returned is not known to be absent.
    Unprocessed,
    /// An item that we cannot read.
    Corrupt {
        /// Which kind of item.
        what: &'static str,
        /// What the decoder says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The machine has no randomness to give.
    NoEntropy(crate::entropy::NoEntropy),
}

impl StoreError {
    pub(crate) fn aws(operation: &'static str, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Aws { operation, source: Box::new(source) }
    }

    /// Something stored that cannot be read.
    pub fn corrupt(what: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Corrupt { what, source: source.into() }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict => f.write_str("the item is being written by somebody else"),
            Self::Aws { operation, .. } => write!(f, "{operation} failed"),
            Self::Unprocessed => f.write_str("DynamoDB kept back keys of a batch read"),
            Self::Corrupt { what, .. } => write!(f, "a stored {what} cannot be read"),
            Self::NoEntropy(_) => f.write_str("no randomness"),
        }
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Conflict | Self::Unprocessed => None,
            Self::Aws { source, .. } | Self::Corrupt { source, .. } => Some(source.as_ref()),
            Self::NoEntropy(source) => Some(source),
        }
    }
}

impl From<crate::entropy::NoEntropy> for StoreError {
    fn from(error: crate::entropy::NoEntropy) -> Self {
        Self::NoEntropy(error)
    }
}
