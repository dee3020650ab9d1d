//! Pending actions of a call and their deadlines. Nothing else decides when a call is processed again.

use super::timing::{analysis_sought_at, given_up_at, longest_life};
use super::{Call, Closing, Dispatch, Transcript};
use crate::ids::ProviderCallId;
use crate::obligation::{LONGEST_DELAY, Obligation};
use crate::planted::{Bug, is_planted};

/// Action for a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Claim the call and ask the provider to place it.
    Dial,
    /// Search the provider for the call of an attempt whose outcome is unknown.
    Search,
    /// Ask the provider for news.
    Poll,
    /// Ask the provider to hang up the call with this id.
    HangUp(ProviderCallId),
    /// Apply the passing of time.
    PassTime,
}

/// Returns all pending actions of the call, in no order.
pub(super) fn owed(call: &Call) -> Vec<Obligation<Duty>> {
    let mut open = Vec::with_capacity(4);
    let mut owe = |at, duty, prompt| open.push(Obligation { at, duty, prompt });
    let ended = call.is_ended();
    match &call.dispatch {
        Dispatch::Waiting { since, from, .. } => {
            owe(*from, Duty::Dial, from.since(*since) <= LONGEST_DELAY);
            owe(call.window.not_after, Duty::PassTime, false);
        }
        Dispatch::Asking(asking) => {
            if !is_planted(Bug::ForgetLease) {
                owe(asking.lease_until, Duty::PassTime, false);
            }
        }
        Dispatch::Unknown(unknown) => {
            owe(unknown.next_search_at, Duty::Search, true);
            let patience = if ended { longest_life(call) } else { call.provider.settlement() };
            owe(unknown.since + patience, Duty::PassTime, false);
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
        // The callback with the transcript or the answering party may be lost. So the provider is polled once before
        // `call.ended` is published without them.
        let lacking = call.facts.transcript == Transcript::Awaited || call.awaits_detection();
        let unheard = can_be_asked_after(call) && lacking;
        let duty = if unheard { Duty::Poll } else { Duty::PassTime };
        // Scheduled in both ways, by a message and by the index. `call.ended` is promised within a minute, and a lost
        // message alone would be noticed only after that.
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

/// Returns `true` if the provider's call was answered and is over now. The provider can then be polled for the rest of
/// its news.
fn can_be_asked_after(call: &Call) -> bool {
    call.dispatch == Dispatch::Settled && call.started_at.is_some() && call.provider_call_id.is_some()
}
