//! The head of a conversation: the fields that the conversations of every channel have in common.

use crate::ids::{ConversationId, Scope};
use crate::phone::PhoneNumber;
use crate::retention::Retention;
use crate::time::Timestamp;

/// The common fields of a conversation. It is a view: in the stored form of each channel, these fields stand at the top level.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Id of the conversation.
    pub id: ConversationId,
    /// Organization and mode that the conversation belongs to.
    pub scope: &'a Scope,
    /// Number of the customer that the conversation is held with; erased once the conversation is forgotten.
    pub customer: &'a PhoneNumber,
    /// Number of the organization that the conversation is held from.
    pub ours: &'a PhoneNumber,
    /// Moment of acceptance.
    pub created_at: Timestamp,
    /// Moment of the end; `None` while the conversation goes on.
    pub ended_at: Option<Timestamp>,
    /// Time for which the content of the conversation is kept after its end; `None` if it is kept for good.
    pub retention: Option<Retention>,
    /// `true` once the retention is over and only the head is left.
    pub is_forgotten: bool,
    /// Id of the request that the conversation was accepted for, as the client was told.
    pub request_id: Option<&'a str>,
}
