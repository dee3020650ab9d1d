//! API dialect of a route.

/// front door of a route: it decides the shape of errors and the headers that may carry the API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Ringdown's own API.
    Native,
    /// Dialect `klen`: flat errors, `{"error", "message"}`. The API key may also be in the header `X-API-Key`.
    Klen,
    /// Dialect `verbex`: FastAPI's 422, and `{"error", "message"}` for other errors.
    Verbex,
    /// Dialect `levers`: FastAPI's 422, and `{"detail"}` for other errors.
    Levers,
}
