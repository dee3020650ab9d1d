//! What only operators read.

use serde::{Deserialize, Serialize};

use crate::ids::ProviderCallId;
use crate::sms::SilenceReason;

/// What only operators read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Note {
    /// An attempt provably never happened.
    NotPlaced {
        /// The attempt.
        attempt: u32,
        /// What the provider's adapter says.
        why: String,
    },
    /// The provider refused an attempt for good.
    Refused {
        /// The attempt.
        attempt: u32,
        /// What the provider's adapter says.
        why: String,
    },
    /// An attempt's outcome is not known.
    OutcomeUnknown {
        /// The attempt.
        attempt: u32,
        /// What the provider's adapter says.
        why: String,
    },
    /// A call whose outcome was unknown was found.
    Adopted {
        /// The attempt.
        attempt: u32,
        /// The provider's id for it.
        call_id: ProviderCallId,
    },
    /// The call that was adopted is another conversation's: the provider has named that one.
    TakenAway {
        /// The attempt.
        attempt: u32,
        /// The provider's id for it.
        call_id: ProviderCallId,
    },
    /// The text at the provider that was adopted for one of ours is another conversation's.
    TextTakenAway {
        /// The text's number.
        message: u32,
    },
    /// A call was found at the provider after it had been ended here. It is hung up.
    FoundAfterEnd {
        /// The attempt.
        attempt: u32,
        /// The provider's id for it.
        call_id: ProviderCallId,
    },
    /// The provider holds a call that it should not. It is hung up.
    Stray {
        /// The attempt.
        attempt: u32,
        /// The provider's id for it.
        call_id: ProviderCallId,
    },
    /// What was still open at the provider was given up: it cannot be live any more.
    GivenUp {
        /// The attempt.
        attempt: u32,
    },
    /// The service made no progress with the conversation in several tries.
    Abandoned,
    /// A text provably never left.
    NotSent {
        /// The text's number.
        message: u32,
        /// What the provider's adapter says.
        why: String,
    },
    /// The provider refused a text for good, or it was not allowed to leave any more.
    SendRefused {
        /// The text's number.
        message: u32,
        /// What the provider's adapter says, or which rule forbade it.
        why: String,
    },
    /// Whether a text left is not known. It is not sent again.
    SendUnknown {
        /// The text's number.
        message: u32,
        /// What the provider's adapter says.
        why: String,
    },
    /// The provider's own agent opened the conversation with other words than those that it was given. The text is what it
    /// said.
    OpenedOtherwise,
    /// The chat at the provider could not be ended, and was left alone.
    ChatLeft,
    /// Whether a text left could not be found out.
    SendUnconfirmed {
        /// The text's number.
        message: u32,
    },
    /// A turn was given up for something newer that came in.
    TurnAbandoned {
        /// The turn.
        turn: u32,
    },
    /// A try at a turn failed.
    TurnTryFailed {
        /// The turn.
        turn: u32,
        /// Why: no text, no number.
        why: String,
    },
    /// The agent leaves what the customer wrote unanswered, or answers it later.
    AgentSilent {
        /// Why.
        reason: SilenceReason,
    },
}
