//! Other vendors' front doors. A client written for one of those APIs works by changing its base URL: the same path, the
//! same request, the same answer, the same errors. Behind each door is the one `acceptance.rs`; a file here only
//! translates.

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
