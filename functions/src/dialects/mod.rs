//! APIs of other vendors. A client of such an API works after a change of its base URL: the paths, requests, responses and errors are the
//! same. A file here only translates; `acceptance.rs` accepts the calls of all dialects.

pub mod fastapi;
pub(crate) mod klen;
pub(crate) mod klen_create_call;
pub(crate) mod levers;
pub(crate) mod levers_bulk_item;
mod levers_bulk_request;
pub(crate) mod levers_call_bulk;
pub(crate) mod levers_call_contact;
pub(crate) mod verbex;
pub(crate) mod verbex_dial_outbound_phone_call;
pub(crate) mod verbex_get_phone_call;
pub(crate) mod verbex_get_recording;
pub(crate) mod verbex_get_transcript;
pub mod verbex_reasons;
pub(crate) mod verbex_token;
