//! API keys.

pub(crate) mod create_api_key;
pub(crate) mod list_api_keys;
pub(crate) mod revoke_api_key;
pub(crate) mod view;
