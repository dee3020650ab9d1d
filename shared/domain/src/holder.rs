//! Owner of a call or SMS message at a provider, and the evidence for it.

use serde::{Deserialize, Serialize};

use crate::ids::{ConversationId, Scope};

/// Evidence that a call or SMS message at a provider belongs to a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// The provider named the conversation, in its answer or in a signed callback.
    Name,
    /// The call or message looked like the one that was searched for. A conversation that the provider names takes it
    /// over.
    Likeness,
}

/// Owner of a call or SMS message at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// Id of the owning conversation.
    pub conversation: ConversationId,
    /// Organization and mode of the conversation.
    pub scope: Scope,
    /// Number of the SMS message in the conversation; `None` for a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<u32>,
}
