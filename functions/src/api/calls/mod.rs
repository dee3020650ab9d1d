//! Phone calls.

pub(crate) mod close_call;
pub(crate) mod create_call;
pub(crate) mod get_call;
pub(crate) mod get_call_recording;
pub(crate) mod list_call_events;
pub(crate) mod list_calls;
pub(crate) mod view;

use domain::call::Call;
use domain::ids::Scope;
use store::Table;
use store::keys::Key;

use crate::api::paths::{conversation, reference};
use crate::http::Request;

/// Returns the keys of the call that the path names.
pub(crate) fn call_keys(request: &Request, scope: &Scope) -> Vec<Key> {
    conversation(request).map(|id| reference(id, scope).reads::<Call>()).unwrap_or_default()
}

/// Returns the keys of the call that the path names, of its request payload and of its transcript.
pub(crate) fn full_call_keys(request: &Request, _: &Scope) -> Vec<Key> {
    conversation(request).map(|id| Table::full_call_keys(id).to_vec()).unwrap_or_default()
}
