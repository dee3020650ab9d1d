//! Limits on the parts of a request that every API facade has.

/// Largest metadata, in bytes of JSON as it was sent.
pub(crate) const MAX_METADATA_BYTES: usize = 16 * 1024;

/// Most variables of a request.
pub(crate) const MAX_VARIABLES: usize = 100;

/// Largest variables of a request together, in bytes of JSON.
pub(crate) const MAX_VARIABLES_BYTES: usize = 64 * 1024;
