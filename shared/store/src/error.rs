//! Errors of the store.

use std::error::Error;

/// Failed read, write or send.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Other writers kept changing the item at the same time. Nothing was written.
    #[error("the item is being written by somebody else")]
    Conflict,
    /// An AWS request failed.
    #[error("{operation} failed")]
    Aws {
        /// AWS operation, such as `PutItem`.
        operation: &'static str,
        /// Error of the SDK.
        source: Box<dyn Error + Send + Sync>,
    },
    /// DynamoDB did not process all keys of a batch read. Keys without an item may still exist.
    #[error("DynamoDB kept back keys of a batch read")]
    Unprocessed,
    /// An item cannot be decoded.
    #[error("a stored {what} cannot be read")]
    Corrupt {
        /// Kind of the item.
        what: &'static str,
        /// Error of the decoder.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The machine has no randomness to give.
    #[error("no randomness")]
    NoEntropy(#[from] crate::entropy::NoEntropy),
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
