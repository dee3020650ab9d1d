//! Errors of the store.

use std::error::Error;
use std::fmt;

/// Failed read, write or send.
#[derive(Debug)]
pub enum StoreError {
    /// Other writers kept changing the item at the same time. Nothing was written.
    Conflict,
    /// An AWS request failed.
    Aws {
        /// AWS operation, such as `PutItem`.
        operation: &'static str,
        /// Error of the SDK.
        source: Box<dyn Error + Send + Sync>,
    },
    /// DynamoDB did not process all keys of a batch read. Keys without an item may still exist.
    Unprocessed,
    /// An item cannot be decoded.
    Corrupt {
        /// Kind of the item.
        what: &'static str,
        /// Error of the decoder.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The machine has no randomness to give.
    NoEntropy(crate::entropy::NoEntropy),
}

impl StoreError {
    pub(crate) fn aws(operation: &'static str, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Aws { operation, source: Box::new(source) }
    }

    /// Creates the error for stored data that cannot be decoded.
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
