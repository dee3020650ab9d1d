//! Pending actions of an SMS conversation, with their deadlines.

use super::chat::{Chat, left_at};
use super::{SendState, SmsConversation, Turn};
use crate::obligation::Obligation;
use crate::time::Timestamp;

/// Action to take for an SMS conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Claim this message and request it at the provider.
    Send(u32),
    /// Search the provider for this message, because its outcome is unknown.
    Search(u32),
    /// Take the agent's turn.
    Turn,
    /// Read the chat at the provider.
    ReadChat,
    /// Ask the provider to end the chat.
    EndChat,
    /// Apply the passage of time.
    PassTime,
}

/// Returns all pending actions, in no order.
pub(super) fn owed(conversation: &SmsConversation) -> Vec<Obligation<Duty>> {
    let mut open = Vec::with_capacity(4);
    let mut owe = |at, duty, prompt| open.push(Obligation { at, duty, prompt });
    for send in &conversation.sends {
        match send.state {
            SendState::Waiting { from, .. } => owe(from, Duty::Send(send.message), true),
            SendState::Asking(asking) => owe(asking.lease_until, Duty::PassTime, false),
            // The last search, at the end of the wait, gives the attempt up.
            SendState::Unknown(unknown) => owe(unknown.next_search_at, Duty::Search(send.message), true),
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
    if let Some(chat) = conversation.open_chat() {
        open.extend(owed_for(chat, conversation.ended_at));
    } else if !conversation.is_ended() && conversation.is_at_rest() {
        open.push(Obligation { at: conversation.idle_at(), duty: Duty::PassTime, prompt: false });
    }
    open
}

/// Returns the pending actions of a chat. It is read while the conversation is open, and ended afterwards. Each of the two
/// has a time at which it is given up.
fn owed_for(chat: &Chat, ended_at: Option<Timestamp>) -> [Obligation<Duty>; 2] {
    let (duty, given_up_at) = match ended_at {
        None => (Duty::ReadChat, chat.lost_at()),
        Some(ended_at) => (Duty::EndChat, left_at(ended_at)),
    };
    let given_up = Obligation { at: given_up_at, duty: Duty::PassTime, prompt: false };
    [Obligation { at: chat.next_at, duty, prompt: true }, given_up]
}
