//! The native API. Each resource has a folder, and each function has a file.

pub(crate) mod agents;
pub(crate) mod audit;
pub(crate) mod calls;
pub(crate) mod contacts;
pub(crate) mod conversation_fields;
pub(crate) mod conversation_filter;
pub(crate) mod do_not_call;
pub(crate) mod events_page;
pub(crate) mod get_openapi;
pub(crate) mod keys;
pub(crate) mod paths;
pub(crate) mod sms;
pub(crate) mod wallet;
pub(crate) mod webhooks;
