//! Ids in paths.

use domain::ids::{ConversationId, Scope};
use store::ConversationRef;
use store::keys::Key;

use crate::http::Request;

/// Returns no keys, for handlers that read for themselves.
pub(crate) fn no_keys(_: &Request, _: &Scope) -> Vec<Key> {
    Vec::new()
}

/// Returns the conversation that the path names, or `None` if its `{id}` is not a conversation's id.
pub(crate) fn conversation(request: &Request) -> Option<ConversationId> {
    ConversationId::parse(request.path("id"))
}

/// Returns a reference to a conversation of this organization and mode.
pub(crate) fn reference(conversation: ConversationId, scope: &Scope) -> ConversationRef {
    ConversationRef::new(conversation, scope.clone())
}
