//! The schedule of a conversation: when it is looked at again, and for which of its pending actions. It is the same for
//! every channel.

use crate::conversation::Conversation;
use crate::obligation::Due;
use crate::time::{Span, Timestamp};

/// How often `reconcile` runs: what comes to the fore nearer than this may fall due before it is seen in the index.
const RECONCILE_PERIOD: Span = Span::minutes(1);

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
