//! The conversation that a call or text at a provider belongs to, and how that is known.

use serde::{Deserialize, Serialize};

use crate::ids::{ConversationId, Scope};

/// How a call or text at a provider is known to be a conversation's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// The provider's answer, or a signed callback, named the conversation with it.
    Name,
    /// It looked like what was searched for. Whoever is named takes it over.
    Likeness,
}

/// Whose a call or text at a provider is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// The conversation.
    pub conversation: ConversationId,
    /// Whose that is.
    pub scope: Scope,
    /// The number of the text, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<u32>,
}
