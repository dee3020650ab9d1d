//! Other vendors' front doors. A client written for one of those APIs works by changing its base URL: the same path, the
//! same request, the same answer, the same errors. Behind each door is the one `acceptance.rs`; a file here only
//! translates.

pub mod fastapi;
pub(crate) mod klen;
pub(crate) mod klen_create_call;
pub(crate) mod levers;
pub(crate) mod levers_call_bulk;
pub(crate) mod levers_call_contact;
pub(crate) mod verbex;
pub(crate) mod verbex_dial_outbound_phone_call;
pub(crate) mod verbex_get_phone_call;
pub(crate) mod verbex_get_recording;
pub(crate) mod verbex_get_transcript;
pub mod verbex_reasons;
pub(crate) mod verbex_token;

use crate::http::Request;

/// Whose document a route speaks after: the shape of its errors, and where its key may stand.
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

impl Dialect {
    /// Whether a request says in its body which call it is, so that it needs no idempotency key for that.
    pub(crate) fn names_its_call(self, request: &Request) -> bool {
        self == Self::Verbex && verbex_dial_outbound_phone_call::call_id(request).is_some()
    }
}
