//! What the shell has to know of a conversation, of whichever channel, to bring it forward: load, [`advance`], commit,
//! enqueue. Nothing else changes a conversation.
//!
//! [`advance`]: Conversation::advance

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::call::Utterance;
use crate::ids::{AgentId, Channel, ConversationId, Scope};
use crate::log::LogEntry;
use crate::measure::Measured;
use crate::obligation::Obligation;
use crate::organization::Provider;
use crate::phone::PhoneNumber;
use crate::places::PlaceChange;
use crate::retention::{Retention, forgotten_at};
use crate::sms::{Message, StoredMessage};
use crate::time::Timestamp;
use crate::wallet::Settlement;

/// The agent, as it was when the conversation was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentRef {
    /// Its id.
    pub id: AgentId,
    /// Its slug.
    pub slug: String,
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// Its version.
    pub version: u32,
}

/// A conversation: its rules as a pure function, and what it is owed.
pub trait Conversation: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What can happen to it.
    type Input;
    /// What may have to be done for it.
    type Duty;
    /// What an input may have claimed: once the change is committed, and only then, it may be acted upon.
    type Claim: Copy + Debug;

    /// Which kind of conversation this is.
    const CHANNEL: Channel;

    /// To let the time that has passed take effect.
    const PASS_TIME: Self::Duty;

    /// Its id.
    fn id(&self) -> ConversationId;

    /// Whose it is, and in which mode.
    fn scope(&self) -> &Scope;

    /// Whom it is held with.
    fn customer(&self) -> &PhoneNumber;

    /// The number that it is held from.
    fn ours(&self) -> &PhoneNumber;

    /// When it was accepted.
    fn created_at(&self) -> Timestamp;

    /// When it ended.
    fn ended_at(&self) -> Option<Timestamp>;

    /// For how long what it brought is kept; for good where there is none.
    fn retention(&self) -> Option<Retention>;

    /// Whether only its head is left.
    fn is_forgotten(&self) -> bool;

    /// Leaves only its head of it.
    fn forget(&mut self);

    /// What its channel's rules owe it, in no order.
    fn owed(&self) -> Vec<Obligation<Self::Duty>>;

    /// Every open obligation, in no order. Once nothing else is owed, that it is to be forgotten is.
    fn obligations(&self) -> Vec<Obligation<Self::Duty>> {
        let mut open = self.owed();
        if open.is_empty()
            && let Some(at) = forgotten_at(self)
        {
            open.push(Obligation { at, duty: Self::PASS_TIME, prompt: false });
        }
        open
    }

    /// Whether it is over and nothing is owed any more, but that it is to be forgotten.
    fn is_settled(&self) -> bool {
        self.ended_at().is_some() && self.owed().is_empty()
    }

    /// The input that something at the provider, held by its likeness until now, is another conversation's. `stored` is the
    /// text, where it is one.
    fn taken_away(id: String, to: Holder, stored: Option<StoredMessage>) -> Self::Input;

    /// What follows from an input. Commit it before acting on it.
    fn advance(&self, input: Self::Input, now: Timestamp) -> Change<Self>;

    /// Whether a change of it claims to contact the customer, as nobody on the do-not-call list is: then its commit checks
    /// that the customer is not on it.
    fn contacts(change: &Change<Self>) -> bool;

    /// The request that it was accepted for, as the client was told.
    fn request_id(&self) -> Option<&str>;

    /// What there is to measure about a change of it, once that is committed.
    fn measured(&self, change: &Change<Self>, now: Timestamp) -> Vec<Measured>;
}

/// What follows from an input: all of it is written, or nothing.
#[derive(Clone, Debug)]
pub struct Change<C: Conversation> {
    /// The new conversation.
    pub after: C,
    /// What to add to its log.
    pub log: Vec<LogEntry>,
    /// What to write beside it.
    pub effects: Vec<Effect>,
    /// What was claimed.
    pub claimed: Option<C::Claim>,
}

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
