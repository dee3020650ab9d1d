//! The native API.

pub(crate) mod call_view;
pub(crate) mod close_call;
pub(crate) mod create_call;
pub(crate) mod create_webhook;
pub(crate) mod delete_webhook;
pub(crate) mod get_call;
pub(crate) mod get_call_recording;
pub(crate) mod get_openapi;
pub(crate) mod list_call_events;
pub(crate) mod list_calls;
pub(crate) mod list_webhooks;
pub(crate) mod webhook_view;

use domain::call::Call;
use domain::ids::{ConversationId, Scope};
use store::keys::Key;
use store::{ConversationRef, Table};

use crate::http::Request;

pub(crate) fn no_reads(_: &Request, _: &Scope) -> Vec<Key> {
    Vec::new()
}

/// The conversation that the path names; `None` where that is no conversation's id.
fn conversation(request: &Request) -> Option<ConversationId> {
    ConversationId::parse(request.path("id"))
}

pub(crate) fn call_reads(request: &Request, scope: &Scope) -> Vec<Key> {
    conversation(request).map(|id| reference(id, scope).reads::<Call>()).unwrap_or_default()
}

pub(crate) fn full_call_reads(request: &Request, _: &Scope) -> Vec<Key> {
    conversation(request).map(|id| Table::full_call_keys(id).to_vec()).unwrap_or_default()
}

fn reference(conversation: ConversationId, scope: &Scope) -> ConversationRef {
    ConversationRef { conversation, scope: scope.clone(), suppression: None, also: Vec::new() }
}
