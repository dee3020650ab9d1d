//! What the shell has to know of a conversation, of whichever channel, to bring it forward: load, [`advance`], commit,
//! enqueue. Nothing else changes a conversation.
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

    /// Returns the fields that every channel's conversations have. Each of the getters below reads one of them.
    fn head(&self) -> Head<'_>;

    /// Returns the id of the conversation.
    fn id(&self) -> ConversationId {
        self.head().id
    }

    /// Returns the organization and the mode that the conversation belongs to.
    fn scope(&self) -> &Scope {
        self.head().scope
    }

    /// Returns the number of the customer.
    fn customer(&self) -> &PhoneNumber {
        self.head().customer
    }

    /// Returns the number that the conversation is held from.
    fn ours(&self) -> &PhoneNumber {
        self.head().ours
    }

    /// Returns the moment of acceptance.
    fn created_at(&self) -> Timestamp {
        self.head().created_at
    }

    /// Returns the moment of the end, if the conversation is over.
    fn ended_at(&self) -> Option<Timestamp> {
        self.head().ended_at
    }

    /// Returns for how long the content of the conversation is kept; `None` if it is kept for good.
    fn retention(&self) -> Option<Retention> {
        self.head().retention
    }

    /// Returns `true` if only the head of the conversation is left.
    fn is_forgotten(&self) -> bool {
        self.head().is_forgotten
    }

    /// Returns the id of the request that the conversation was accepted for, as the client was told.
    fn request_id(&self) -> Option<&str> {
        self.head().request_id
    }

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

/// When a conversation is to be forgotten; `None` while it goes on, where it is kept for good, and once it is forgotten.
pub fn forgotten_at<C: Conversation>(conversation: &C) -> Option<Timestamp> {
    let is_over = conversation.is_forgotten() || is_planted(Bug::KeepForGood);
    let retention = conversation.retention().filter(|_| !is_over)?;
    Some(retention.end(conversation.ended_at()?))
}

/// The conversation as it may be shown at a moment: nobody is to see what is about to be forgotten.
pub fn shown<C: Conversation>(mut conversation: C, now: Timestamp) -> C {
    if is_over(&conversation, now) {
        conversation.forget();
    }
    conversation
}

/// Leaves only the head of a conversation that was kept for as long as its agent keeps them, once nothing else is owed. Says
/// whether it did.
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
