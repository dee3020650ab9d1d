//! What the service still owes a conversation, and when it has to be looked at again. Which obligations there are is each
//! channel's to say; what follows from them is the same for all.

use crate::conversation::Conversation;
use crate::time::{Span, Timestamp};

/// How long after the moment of a prompt obligation the index names it: its message may be lost.
pub const ENQUEUE_GRACE: Span = Span::seconds(30);

/// The longest delay of an SQS message.
pub const LONGEST_DELAY: Span = Span::minutes(15);

/// How far ahead the index names what no message was sent for. `reconcile` runs every minute and enqueues it with its
/// exact delay.
pub const LOOK_AHEAD: Span = Span::seconds(75);

/// How often `reconcile` runs: what comes to the fore nearer than this may fall due before it is seen in the index.
const RECONCILE_PERIOD: Span = Span::minutes(1);

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

/// A conversation's place in the index: as soon as any open obligation is to be named, for the one that is due first; a
/// prompt one 30 seconds later than its message.
pub fn due<C: Conversation>(conversation: &C) -> Option<Due> {
    let places = conversation.obligations().into_iter();
    places
        .map(|owed| if owed.prompt { Due::of_message(owed.at) } else { Due::of_index(owed.at) })
        .reduce(|one, other| Due { at: one.at.min(other.at), named_from: one.named_from.min(other.named_from) })
}

/// When a conversation is due, as the index has it.
pub fn due_at<C: Conversation>(conversation: &C) -> Option<Timestamp> {
    due(conversation).map(|due| due.at)
}

/// When a message has to wake a conversation: its earliest prompt obligation.
pub fn wake_at<C: Conversation>(conversation: &C) -> Option<Timestamp> {
    conversation.obligations().into_iter().filter(|owed| owed.prompt).map(|owed| owed.at).min()
}

/// When messages have to wake a conversation that was changed just now: for its earliest prompt obligation, and for the earliest
/// of all where that stood behind another one until now and is too near for the index. None for what the last change
/// took care of.
pub fn wakes<C: Conversation>(before: &C, after: &C, now: Timestamp) -> impl Iterator<Item = Timestamp> + use<C> {
    let earliest = |conversation: &C| conversation.obligations().into_iter().map(|owed| owed.at).min();
    let prompt = wake_at(after).filter(|at| Some(*at) != wake_at(before));
    let near = earliest(after).filter(|at| Some(*at) != earliest(before) && at.since(now) < RECONCILE_PERIOD);
    prompt.into_iter().chain(near.filter(|at| Some(*at) != wake_at(after)))
}

/// What to do for a conversation now: what is overdue the longest. `None` where nothing is due.
pub fn next_action<C: Conversation>(conversation: &C, now: Timestamp) -> Option<C::Duty> {
    conversation
        .obligations()
        .into_iter()
        .filter(|owed| owed.at <= now)
        .min_by_key(|owed| owed.at)
        .map(|owed| owed.duty)
}
