//! Helpers for ids in paths.

use domain::ids::{ConversationId, Scope};
use store::ConversationRef;
use store::keys::Key;

use crate::http::Request;

/// Returns no keys, for handlers that load their items themselves.
pub(crate) fn no_keys(_: &Request, _: &Scope) -> Vec<Key> {
    Vec::new()
}

/// Returns the id of the conversation that the path names, or `None` if `{id}` is not a valid id.
pub(crate) fn conversation(request: &Request) -> Option<ConversationId> {
    ConversationId::parse(request.path("id"))
}

/// Returns a reference to a conversation of this organization and mode.
pub(crate) fn reference(conversation: ConversationId, scope: &Scope) -> ConversationRef {
    ConversationRef::new(conversation, scope.clone())
}
