//! The API that a route speaks.

/// API facade of a route: it decides the shape of errors and the headers that may carry the API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Ringdown's own.
    Native,
    /// Flat errors, `{"error", "message"}`; a key also in `X-API-Key`.
    Klen,
    /// FastAPI's 422, else `{"error", "message"}`.
    Verbex,
    /// FastAPI's 422, else `{"detail"}`.
    Levers,
}
