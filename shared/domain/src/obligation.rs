//! Obligations: actions that are pending for a conversation, each with its moment. Each channel lists its own;
//! [`schedule`](crate::schedule) says what follows from them.

use crate::time::{Span, Timestamp};

/// How long after the moment of a prompt obligation the index names it: its message may be lost.
pub const ENQUEUE_GRACE: Span = Span::seconds(30);

/// The longest delay of an SQS message.
pub const LONGEST_DELAY: Span = Span::minutes(15);

/// How far ahead the index names what no message was sent for. `reconcile` runs every minute and enqueues it with its
/// exact delay.
pub const LOOK_AHEAD: Span = Span::seconds(75);

/// Something owed at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obligation<D> {
    /// When.
    pub at: Timestamp,
    /// What.
    pub duty: D,
    /// Whether the commit that made it also enqueues a message for it. What lies a minute off or more is left to the
    /// index, whose reader looks ahead.
    pub prompt: bool,
}

/// A place in the index of what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// When it is due.
    pub at: Timestamp,
    /// From when on the index names it: ahead of time where no message was sent for it, so that its reader can send one
    /// with the exact delay; at the time itself where only a lost message could make it necessary.
    pub named_from: Timestamp,
}

impl Due {
    /// Something that a message was sent for.
    pub fn of_message(at: Timestamp) -> Self {
        Self { at: at + ENQUEUE_GRACE, named_from: at + ENQUEUE_GRACE }
    }

    /// Something that no message was sent for.
    pub fn of_index(at: Timestamp) -> Self {
        Self { at, named_from: at - LOOK_AHEAD }
    }
}
