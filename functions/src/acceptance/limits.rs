//! Limits on the parts of a request that every front door has.

/// Maximum size of the metadata, in bytes of the JSON as it was sent.
pub(crate) const MAX_METADATA_BYTES: usize = 16 * 1024;

/// Maximum number of variables in a request.
pub(crate) const MAX_VARIABLES: usize = 100;

/// Maximum size of all variables in a request, in bytes of JSON.
pub(crate) const MAX_VARIABLES_BYTES: usize = 64 * 1024;
