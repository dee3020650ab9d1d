//! The native API.

pub(crate) mod call_view;
pub(crate) mod close_call;
pub(crate) mod contact_view;
pub(crate) mod create_call;
pub(crate) mod create_contact;
pub(crate) mod create_webhook;
pub(crate) mod delete_do_not_call;
pub(crate) mod delete_webhook;
pub(crate) mod get_call;
pub(crate) mod get_call_recording;
pub(crate) mod get_contact;
pub(crate) mod get_openapi;
pub(crate) mod get_wallet;
pub(crate) mod list_call_events;
pub(crate) mod list_calls;
pub(crate) mod list_contacts;
pub(crate) mod list_do_not_call;
pub(crate) mod list_wallet_entries;
pub(crate) mod list_webhooks;
pub(crate) mod put_do_not_call;
pub(crate) mod update_contact;
pub(crate) mod webhook_view;

use domain::ids::{ConversationId, Scope};
use store::keys::Key;
use store::{CallRef, Table};

use crate::http::Request;

pub(crate) fn no_reads(_: &Request, _: &Scope) -> Vec<Key> {
    Vec::new()
}

/// The conversation that the path names; `None` where that is no conversation's id.
fn conversation(request: &Request) -> Option<ConversationId> {
    ConversationId::parse(request.path("id"))
}

pub(crate) fn call_reads(request: &Request, scope: &Scope) -> Vec<Key> {
    conversation(request).map(|id| reference(id, scope).reads()).unwrap_or_default()
}

pub(crate) fn full_call_reads(request: &Request, _: &Scope) -> Vec<Key> {
    conversation(request).map(|id| Table::full_call_keys(id).to_vec()).unwrap_or_default()
}

fn reference(conversation: ConversationId, scope: &Scope) -> CallRef {
    CallRef { conversation, scope: scope.clone(), suppression: None }
}
