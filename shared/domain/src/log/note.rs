//! Notes: log entries that only operators read.

use serde::{Deserialize, Serialize};

use crate::ids::ProviderCallId;
use crate::sms::SilenceReason;

/// Note in a conversation's log, which only operators read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Note {
    /// An attempt provably never happened.
    NotPlaced {
        /// Number of the attempt.
        attempt: u32,
        /// Explanation from the provider's adapter.
        why: String,
    },
    /// The provider refused an attempt for good.
    Refused {
        /// Number of the attempt.
        attempt: u32,
        /// Explanation from the provider's adapter.
        why: String,
    },
    /// The outcome of an attempt is unknown.
    OutcomeUnknown {
        /// Number of the attempt.
        attempt: u32,
        /// Explanation from the provider's adapter.
        why: String,
    },
    /// A search found the call of an attempt whose outcome was unknown.
    Adopted {
        /// Number of the attempt.
        attempt: u32,
        /// Provider's id for the call.
        call_id: ProviderCallId,
    },
    /// A claimed call belongs to another conversation, which the provider has named.
    TakenAway {
        /// Number of the attempt.
        attempt: u32,
        /// Provider's id for the call.
        call_id: ProviderCallId,
    },
    /// A provider's SMS message that was claimed for one of ours belongs to another conversation.
    TextTakenAway {
        /// Number of our message.
        message: u32,
    },
    /// A call was found at the provider after the conversation had ended. It is hung up.
    FoundAfterEnd {
        /// Number of the attempt.
        attempt: u32,
        /// Provider's id for the call.
        call_id: ProviderCallId,
    },
    /// The provider has an orphan call. It is hung up.
    Stray {
        /// Number of the attempt.
        attempt: u32,
        /// Provider's id for the call.
        call_id: ProviderCallId,
    },
    /// An attempt that was still open at the provider was given up, because it cannot be live any more.
    GivenUp {
        /// Number of the attempt.
        attempt: u32,
    },
    /// The conversation made no progress in several tries.
    Abandoned,
    /// An SMS message provably was not sent.
    NotSent {
        /// Number of the message.
        message: u32,
        /// Explanation from the provider's adapter.
        why: String,
    },
    /// The provider refused an SMS message for good, or the message was not allowed to be sent any more.
    SendRefused {
        /// Number of the message.
        message: u32,
        /// Explanation from the provider's adapter, or the rule that forbids the message.
        why: String,
    },
    /// The outcome of sending an SMS message is unknown. It is not sent again.
    SendUnknown {
        /// Number of the message.
        message: u32,
        /// Explanation from the provider's adapter.
        why: String,
    },
    /// The provider's own agent opened the conversation with other words than those that it was given. The stored
    /// message has the words that it used.
    OpenedOtherwise,
    /// A chat at the provider could not be ended, and no further try is made.
    ChatLeft,
    /// The service could not determine if an SMS message was sent.
    SendUnconfirmed {
        /// Number of the message.
        message: u32,
    },
    /// A turn was given up because something newer came in.
    TurnAbandoned {
        /// Number of the turn.
        turn: u32,
    },
    /// A try at a turn failed.
    TurnTryFailed {
        /// Number of the turn.
        turn: u32,
        /// Explanation, without message texts and phone numbers.
        why: String,
    },
    /// The agent leaves the customer's messages unanswered, or answers them later.
    AgentSilent {
        /// Reason for the silence.
        reason: SilenceReason,
    },
}
