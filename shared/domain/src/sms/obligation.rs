//! What the service still owes an SMS conversation, and when.

use super::{SendState, SmsConversation, Turn};
use crate::obligation::Obligation;

/// What to do for an SMS conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Claim this text and ask the provider to send it.
    Send(u32),
    /// Search the provider for this text, whose outcome is unknown.
    Search(u32),
    /// Take the agent's turn.
    Turn,
    /// Let the time that has passed take effect.
    PassTime,
}

/// Everything that is owed, in no order.
pub(super) fn owed(conversation: &SmsConversation) -> Vec<Obligation<Duty>> {
    let mut open = Vec::with_capacity(4);
    let mut owe = |at, duty, prompt| open.push(Obligation { at, duty, prompt });
    for send in &conversation.sends {
        match send.state {
            SendState::Waiting { from, .. } => owe(from, Duty::Send(send.message), true),
            SendState::Asking { lease_until, .. } => owe(lease_until, Duty::PassTime, false),
            // The last search, at the end of the wait, is the one that gives up.
            SendState::Unknown { next_search_at, .. } => owe(next_search_at, Duty::Search(send.message), true),
        }
    }
    match conversation.turn {
        Turn::Idle => {}
        Turn::Waiting { from, .. } => owe(from, Duty::Turn, true),
        Turn::Running { lease_until, .. } => owe(lease_until, Duty::PassTime, false),
    }
    for tool in &conversation.pending_tools {
        owe(tool.until, Duty::PassTime, false);
    }
    if !conversation.is_ended() && conversation.is_at_rest() {
        owe(conversation.last_message_at + conversation.terms.inactivity(), Duty::PassTime, false);
    }
    open
}
