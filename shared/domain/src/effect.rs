//! Effects: writes that a change of a conversation causes in addition to the conversation, in the same transaction.

use serde::{Deserialize, Serialize};

use crate::call::Utterance;
use crate::holder::{HeldBy, Holder};
use crate::places::PlaceChange;
use crate::provider::Provider;
use crate::sms::{Message, StoredMessage};
use crate::wallet::Settlement;

/// Write in the transaction of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Store the transcript of the call.
    StoreTranscript(Vec<Utterance>),
    /// Release the call's authorization hold, and charge its price.
    SettleHold(Settlement),
    /// Take or return a concurrency slot for the call.
    ChangePlaces(PlaceChange),
    /// Add the customer to the do-not-call list, for all channels.
    Suppress {
        /// Source of the opt-out: `analysis`, `keyword` or `carrier`.
        source: String,
    },
    /// Remove the do-not-call entry that this change has read, because the customer opted in again.
    LiftSuppression,
    /// Store a new SMS message of the conversation.
    StoreMessage(Message),
    /// Store a changed SMS message. Refused if another writer changed it since it was read.
    UpdateMessage(StoredMessage),
    /// Record that an inbound SMS message was applied. Refused if it was recorded before.
    RememberInbound {
        /// Provider's id for the message, which is its key within the scope.
        key: String,
    },
    /// Record that a provider's call or SMS message belongs to this conversation. Written if the provider's list does
    /// not show that.
    HoldAtProvider {
        /// Provider of the call or message.
        provider: Provider,
        /// Provider's id for the call or message.
        id: String,
        /// Number of the message in the conversation; `None` for a call.
        message: Option<u32>,
        /// Evidence that the call or message is the conversation's own.
        by: HeldBy,
    },
    /// Hand over a provider's call or SMS message that this conversation had claimed, and that belongs to another one.
    HandOver {
        /// Provider of the call or message.
        provider: Provider,
        /// Provider's id for the call or message.
        id: String,
        /// Owner of the call or message.
        to: Holder,
    },
    /// Record that a client's idempotency key belongs to this SMS message. Refused if the key was recorded before.
    RememberKey(RememberedKey),
    /// Delete the request payload and the agent snapshot of the conversation.
    Forget,
}

/// Idempotency key of a request to send an SMS message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RememberedKey {
    /// Digest of the key.
    pub key: String,
    /// Fingerprint of the request.
    pub fingerprint: String,
    /// Number of the message in its conversation.
    pub message: u32,
}
