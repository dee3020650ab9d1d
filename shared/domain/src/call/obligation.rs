//! What the service still owes a call, and when. Nothing else decides when a call is looked at again.

use super::transition::{given_up_at, longest_life};
use super::{Call, Closing, Dispatch, ProviderCallId, Transcript};
use crate::planted::{Bug, is_planted};
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

/// What to do for a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Claim it and ask the provider to place it.
    Dial,
    /// Search the provider for the call of an attempt whose outcome is unknown.
    Search,
    /// Ask the provider for news.
    Poll,
    /// Ask the provider to hang this call up.
    HangUp(ProviderCallId),
    /// Let the time that has passed take effect.
    PassTime,
}

/// Something owed at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obligation {
    /// When.
    pub at: Timestamp,
    /// What.
    pub duty: Duty,
    /// Whether the commit that made it also enqueues a message for it. What lies a minute off or more is left to the
    /// index, whose reader looks ahead.
    pub prompt: bool,
}

/// Every open obligation, in no order.
pub fn obligations(call: &Call) -> Vec<Obligation> {
    let mut open = Vec::with_capacity(4);
    let mut owe = |at, duty, prompt| open.push(Obligation { at, duty, prompt });
    let ended = call.is_ended();
    match &call.dispatch {
        Dispatch::Waiting { since, from, .. } => {
            owe(*from, Duty::Dial, from.since(*since) <= LONGEST_DELAY);
            owe(call.window.not_after, Duty::PassTime, false);
        }
        Dispatch::Asking { lease_until, .. } => {
            if !is_planted(Bug::ForgetLease) {
                owe(*lease_until, Duty::PassTime, false);
            }
        }
        Dispatch::Unknown { since, next_search_at, .. } => {
            owe(*next_search_at, Duty::Search, true);
            let patience = if ended { longest_life(call) } else { call.provider.settlement() };
            owe(*since + patience, Duty::PassTime, false);
        }
        Dispatch::Live { hang_up: Some(hang_up), .. } => {
            owe(hang_up.since + longest_life(call), Duty::PassTime, false);
            if let Some(call_id) = &call.provider_call_id {
                owe(hang_up.next_at, Duty::HangUp(call_id.clone()), true);
            }
        }
        Dispatch::Live { since, next_poll_at, hang_up: None, .. } => {
            owe(*next_poll_at, Duty::Poll, false);
            owe(given_up_at(call, *since), Duty::PassTime, false);
        }
        Dispatch::Settled => {}
    }
    for stray in &call.strays {
        owe(stray.hang_up.next_at, Duty::HangUp(stray.call_id.clone()), true);
        owe(stray.hang_up.since + longest_life(call), Duty::PassTime, false);
    }
    if let Closing::Due { by } = call.closing {
        // Whoever brings the transcript may be lost: the provider is asked once before `call.ended` goes out without.
        let unheard = can_be_asked_after(call) && call.facts.transcript == Transcript::Awaited;
        let duty = if unheard { Duty::Poll } else { Duty::PassTime };
        // In both hands: `call.ended` is promised within a minute, and a lost message would be missed after that only.
        owe(by, duty.clone(), true);
        owe(by, duty, false);
    }
    if let Some(at) = analysis_sought_at(call)
        && call.closing == Closing::Announced
        && can_be_asked_after(call)
        && call.facts.analysis.is_none()
        && !call.facts.analysis_sought
    {
        owe(at, Duty::Poll, false);
    }
    open
}

/// Whether the provider had a conversation to tell of, which is over.
fn can_be_asked_after(call: &Call) -> bool {
    call.dispatch == Dispatch::Settled && call.started_at.is_some() && call.provider_call_id.is_some()
}

/// When the provider of an ended call is asked for an analysis that it has not brought by itself.
pub(super) fn analysis_sought_at(call: &Call) -> Option<Timestamp> {
    Some(call.ended_at? + call.provider.analysis_wait()?)
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

/// The call's place in the index: as soon as any open obligation is to be named, for the one that is due first; a prompt
/// one 30 seconds later than its message.
pub fn due(call: &Call) -> Option<Due> {
    let places = obligations(call).into_iter();
    places
        .map(|owed| if owed.prompt { Due::of_message(owed.at) } else { Due::of_index(owed.at) })
        .reduce(|one, other| Due { at: one.at.min(other.at), named_from: one.named_from.min(other.named_from) })
}

/// When the call is due, as the index has it.
pub fn due_at(call: &Call) -> Option<Timestamp> {
    due(call).map(|due| due.at)
}

/// When a message has to wake the call: its earliest prompt obligation.
pub fn wake_at(call: &Call) -> Option<Timestamp> {
    obligations(call).into_iter().filter(|owed| owed.prompt).map(|owed| owed.at).min()
}

/// When messages have to wake a call that was changed just now: for its earliest prompt obligation, and for the earliest
/// of all where that stood behind another one until now and is too near for the index. None for what the last change
/// took care of.
pub fn wakes(before: &Call, after: &Call, now: Timestamp) -> impl Iterator<Item = Timestamp> {
    let earliest = |call: &Call| obligations(call).into_iter().map(|owed| owed.at).min();
    let prompt = wake_at(after).filter(|at| Some(*at) != wake_at(before));
    let near = earliest(after).filter(|at| Some(*at) != earliest(before) && at.since(now) < RECONCILE_PERIOD);
    prompt.into_iter().chain(near.filter(|at| Some(*at) != wake_at(after)))
}

/// What to do for the call now: what is overdue the longest. `None` where nothing is due.
pub fn next_action(call: &Call, now: Timestamp) -> Option<Duty> {
    obligations(call).into_iter().filter(|owed| owed.at <= now).min_by_key(|owed| owed.at).map(|owed| owed.duty)
}
