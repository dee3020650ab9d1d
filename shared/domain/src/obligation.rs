//! Pending actions of a conversation, each with its deadline. Each channel lists its own. [`schedule`](crate::schedule)
//! derives messages and the index entry from them.

use crate::time::{Span, Timestamp};

/// Time after the deadline of an enqueued action at which the index names it, because its message may be lost.
pub const ENQUEUE_GRACE: Span = Span::seconds(30);

/// Longest delay of an SQS message.
pub const LONGEST_DELAY: Span = Span::minutes(15);

/// Time before a deadline at which the index names an action without a message. `reconcile` runs every minute and enqueues
/// the action with its exact delay.
pub const LOOK_AHEAD: Span = Span::seconds(75);

/// Pending action with its deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obligation<D> {
    /// Deadline of the action.
    pub at: Timestamp,
    /// Action to take.
    pub duty: D,
    /// `true` if the commit that creates the action also enqueues a message for it. Other actions are left to the index,
    /// whose reader looks ahead, unless they are less than a minute away.
    pub prompt: bool,
}

/// Entry of a conversation in the index `due`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Deadline of the entry.
    pub at: Timestamp,
    /// Time from which the index names the entry. If no message was sent, this is before the deadline, so that the reader
    /// can send one with the exact delay. If a message was sent, this is the deadline, because only a lost message makes
    /// the entry necessary.
    pub named_from: Timestamp,
}

impl Due {
    /// Returns the entry for an action with a message.
    pub fn of_message(at: Timestamp) -> Self {
        Self { at: at + ENQUEUE_GRACE, named_from: at + ENQUEUE_GRACE }
    }

    /// Returns the entry for an action without a message.
    pub fn of_index(at: Timestamp) -> Self {
        Self { at, named_from: at - LOOK_AHEAD }
    }
}
