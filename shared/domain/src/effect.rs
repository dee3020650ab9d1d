//! Effects: what a change of a conversation has the store write beside the conversation, in the same transaction.

use serde::{Deserialize, Serialize};

use crate::call::Utterance;
use crate::holder::{HeldBy, Holder};
use crate::places::PlaceChange;
use crate::provider::Provider;
use crate::sms::{Message, StoredMessage};
use crate::wallet::Settlement;

/// Something to be written in the transaction of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The transcript of the call.
    StoreTranscript(Vec<Utterance>),
    /// What the wallet holds for the call goes back, less the call's price.
    SettleHold(Settlement),
    /// The call takes a place among those that may be open at the same time, or gives its own back.
    ChangePlaces(PlaceChange),
    /// The customer is not to be contacted any more, on any channel.
    Suppress {
        /// How we know: `analysis`, `keyword`, `carrier`.
        source: String,
    },
    /// The customer takes that back: the entry that this very change has seen is removed.
    LiftSuppression,
    /// A new text of the conversation.
    StoreMessage(Message),
    /// A text of the conversation, changed; refused where somebody else changed it since it was read.
    UpdateMessage(StoredMessage),
    /// A text with this id of the provider's was taken in. Refused where it was before.
    RememberInbound {
        /// The key under which it is remembered in the scope.
        key: String,
    },
    /// A call or text at the provider is this conversation's. Written where the provider's own list does not show it.
    HoldAtProvider {
        /// The provider.
        provider: Provider,
        /// Its id for the call or text.
        id: String,
        /// The number of the text, where it is one.
        message: Option<u32>,
        /// How it is known to be.
        by: HeldBy,
    },
    /// A call or text at the provider that this conversation had adopted is another one's.
    HandOver {
        /// The provider.
        provider: Provider,
        /// Its id for the call or text.
        id: String,
        /// Whose it is.
        to: Holder,
    },
    /// A client's idempotency key stands for this text from now on. Refused where it stood for one before.
    RememberKey(RememberedKey),
    /// What the client gave for the conversation, and what its agent was told, is gone.
    Forget,
}

/// A text that was asked for under an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RememberedKey {
    /// The key.
    pub key: String,
    /// The fingerprint of the request.
    pub fingerprint: String,
    /// The text's number in its conversation.
    pub message: u32,
}
