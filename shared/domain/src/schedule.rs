//! Schedule of a conversation: the time of the next action, and the action. It is the same for every channel.

use crate::conversation::Conversation;
use crate::obligation::Due;
use crate::time::{Span, Timestamp};

/// Period of `reconcile`. An action that becomes the earliest one nearer than this may be due before `reconcile` sees it in
/// the index.
const RECONCILE_PERIOD: Span = Span::minutes(1);

/// Returns the conversation's entry in the index, for the earliest deadline of its pending actions. An action with `prompt`
/// counts 30 seconds later than its message. The index names the entry as soon as any of the actions has to be named.
pub fn due<C: Conversation>(conversation: &C) -> Option<Due> {
    let places = conversation.obligations().into_iter();
    places
        .map(|owed| if owed.prompt { Due::of_message(owed.at) } else { Due::of_index(owed.at) })
        .reduce(|one, other| Due { at: one.at.min(other.at), named_from: one.named_from.min(other.named_from) })
}

/// Returns the deadline of the conversation in the index.
pub fn due_at<C: Conversation>(conversation: &C) -> Option<Timestamp> {
    due(conversation).map(|due| due.at)
}

/// Returns the time for which a message has to be enqueued: the earliest deadline of the actions with `prompt`.
pub fn wake_at<C: Conversation>(conversation: &C) -> Option<Timestamp> {
    conversation.obligations().into_iter().filter(|owed| owed.prompt).map(|owed| owed.at).min()
}

/// Returns the times for which messages have to be enqueued after a change of the conversation. One is for its earliest
/// action with `prompt`. Another is for the earliest action of all, if a different one was earliest before and this one is
/// too near for the index. A deadline that the change did not move needs no new message.
pub fn wakes<C: Conversation>(before: &C, after: &C, now: Timestamp) -> impl Iterator<Item = Timestamp> + use<C> {
    let earliest = |conversation: &C| conversation.obligations().into_iter().map(|owed| owed.at).min();
    let prompt = wake_at(after).filter(|at| Some(*at) != wake_at(before));
    let near = earliest(after).filter(|at| Some(*at) != earliest(before) && at.since(now) < RECONCILE_PERIOD);
    prompt.into_iter().chain(near.filter(|at| Some(*at) != wake_at(after)))
}

/// Returns the action to take now: the one that is overdue the longest. `None` if no action is due.
pub fn next_action<C: Conversation>(conversation: &C, now: Timestamp) -> Option<C::Duty> {
    conversation
        .obligations()
        .into_iter()
        .filter(|owed| owed.at <= now)
        .min_by_key(|owed| owed.at)
        .map(|owed| owed.duty)
}
