//! Conversations of every channel, as the shell sees them. It loads a conversation, calls [`advance`], commits the
//! change and enqueues the next actions. Nothing else changes a conversation.
//!
//! [`advance`]: Conversation::advance

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::effect::Effect;
use crate::head::Head;
use crate::holder::Holder;
use crate::ids::{Channel, ConversationId, Scope};
use crate::log::LogEntry;
use crate::measure::Measured;
use crate::obligation::Obligation;
use crate::phone::PhoneNumber;
use crate::planted::{Bug, is_planted};
use crate::retention::Retention;
use crate::sms::StoredMessage;
use crate::time::Timestamp;

/// Conversation: its rules as a pure function, and its pending actions.
pub trait Conversation: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Event or command that the conversation reacts to.
    type Input;
    /// Action that may be pending for the conversation.
    type Duty;
    /// Claim that a change may grant. It may be acted upon only after the change is committed.
    type Claim: Copy + Debug;

    /// Channel of the conversation.
    const CHANNEL: Channel;

    /// Action that lets the passing of time take effect.
    const PASS_TIME: Self::Duty;

    /// Returns the fields that the conversations of all channels share. Each of the getters below reads one of them.
    fn head(&self) -> Head<'_>;

    /// Returns the id of the conversation.
    fn id(&self) -> ConversationId {
        self.head().id
    }

    /// Returns the organization and the mode that the conversation belongs to.
    fn scope(&self) -> &Scope {
        self.head().scope
    }

    /// Returns the customer's number.
    fn customer(&self) -> &PhoneNumber {
        self.head().customer
    }

    /// Returns the organization's number.
    fn ours(&self) -> &PhoneNumber {
        self.head().ours
    }

    /// Returns the time of acceptance.
    fn created_at(&self) -> Timestamp {
        self.head().created_at
    }

    /// Returns the time of the end, if the conversation is over.
    fn ended_at(&self) -> Option<Timestamp> {
        self.head().ended_at
    }

    /// Returns the retention of the conversation's data; `None` if it is kept for good.
    fn retention(&self) -> Option<Retention> {
        self.head().retention
    }

    /// Returns `true` if only the tombstone of the conversation is left.
    fn is_forgotten(&self) -> bool {
        self.head().is_forgotten
    }

    /// Returns the id of the request that the conversation was accepted for, as the client was told.
    fn request_id(&self) -> Option<&str> {
        self.head().request_id
    }

    /// Strips the conversation to its tombstone.
    fn forget(&mut self);

    /// Returns the pending actions by the rules of the channel, in no order.
    fn owed(&self) -> Vec<Obligation<Self::Duty>>;

    /// Returns all pending actions, in no order. If no other action is pending, this includes the end of the retention.
    fn obligations(&self) -> Vec<Obligation<Self::Duty>> {
        let mut open = self.owed();
        if open.is_empty()
            && let Some(at) = forgotten_at(self)
        {
            open.push(Obligation { at, duty: Self::PASS_TIME, prompt: false });
        }
        open
    }

    /// Returns `true` if the conversation is over and no action is pending, except the one for the end of its
    /// retention.
    fn is_settled(&self) -> bool {
        self.ended_at().is_some() && self.owed().is_empty()
    }

    /// Returns the input for the loss of a call or SMS message that the conversation had claimed by likeness. It
    /// belongs to the conversation `to`. `stored` is the message, if it is one.
    fn taken_away(id: String, to: Holder, stored: Option<StoredMessage>) -> Self::Input;

    /// Returns the change that follows from an input. The caller must commit it before acting on it.
    fn advance(&self, input: Self::Input, now: Timestamp) -> Change<Self>;

    /// Returns `true` if the change claims to contact the customer. The commit then checks that the customer is not on
    /// the do-not-call list.
    fn contacts(change: &Change<Self>) -> bool;

    /// Returns the metrics of a change. They are recorded once it is committed.
    fn measured(&self, change: &Change<Self>, now: Timestamp) -> Vec<Measured>;
}

/// Change of a conversation. It is written completely or not at all.
#[derive(Clone, Debug)]
pub struct Change<C: Conversation> {
    /// Conversation after the change.
    pub after: C,
    /// Entries to append to the log.
    pub log: Vec<LogEntry>,
    /// Writes in addition to the conversation and its log.
    pub effects: Vec<Effect>,
    /// Claim, if the change granted one.
    pub claimed: Option<C::Claim>,
}

/// Returns the time at which a conversation is stripped to its tombstone. Returns `None` if it is still open, is kept
/// for good, or already is a tombstone.
pub fn forgotten_at<C: Conversation>(conversation: &C) -> Option<Timestamp> {
    let is_over = conversation.is_forgotten() || is_planted(Bug::KeepForGood);
    let retention = conversation.retention().filter(|_| !is_over)?;
    Some(retention.end(conversation.ended_at()?))
}

/// Returns the conversation as it may be shown at a time. After its retention, this is the tombstone, even if the data
/// is still stored.
pub fn shown<C: Conversation>(mut conversation: C, now: Timestamp) -> C {
    if is_over(&conversation, now) {
        conversation.forget();
    }
    conversation
}

/// Strips a conversation to its tombstone if its retention is over and no other action is pending. Returns `true` if it
/// did.
pub(crate) fn forget_when_due<C: Conversation>(conversation: &mut C, now: Timestamp) -> bool {
    let is_due = is_over(conversation, now) && conversation.is_settled();
    if is_due {
        conversation.forget();
    }
    is_due
}

fn is_over<C: Conversation>(conversation: &C, now: Timestamp) -> bool {
    forgotten_at(conversation).is_some_and(|at| now >= at)
}
