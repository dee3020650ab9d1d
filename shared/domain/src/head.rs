//! Head of a conversation: the fields that the conversations of every channel have in common.

use crate::ids::{ConversationId, Scope};
use crate::phone::PhoneNumber;
use crate::retention::Retention;
use crate::time::Timestamp;

/// Common fields of a conversation. This is a view: each channel stores these fields at the top level of its own form.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Id of the conversation.
    pub id: ConversationId,
    /// Organization and mode that the conversation belongs to.
    pub scope: &'a Scope,
    /// Number of the customer. It is erased when the conversation becomes a tombstone.
    pub customer: &'a PhoneNumber,
    /// Number of the organization that the conversation is held from.
    pub ours: &'a PhoneNumber,
    /// Time of acceptance.
    pub created_at: Timestamp,
    /// Time of the end; `None` while the conversation is open.
    pub ended_at: Option<Timestamp>,
    /// Retention of the conversation's data after its end; `None` if it is kept for good.
    pub retention: Option<Retention>,
    /// `true` if only the tombstone is left, because the retention is over or the number was erased.
    pub is_forgotten: bool,
    /// Id of the request that the conversation was accepted for, as the client was told.
    pub request_id: Option<&'a str>,
}
