//! Telling what came of asking a provider: one line of log, and the counts that the dashboard shows.

use domain::conversation::Conversation;
use domain::dispatch::Outcome;
use domain::end_reason::EndReason;
use domain::ids::Channel;
use domain::measure::Measure;
use store::measures::measure;

/// Notes an outcome. An unknown one is counted where it is committed: most of those never get as far as here.
pub(crate) fn note<C: Conversation, Id>(conversation: &C, attempt: u32, outcome: &Outcome<Id>) {
    let name = match outcome {
        Outcome::Accepted { .. } => {
            measure(Measure::DispatchAccepted, 1);
            "accepted"
        }
        Outcome::NotPlaced { .. } => {
            measure(Measure::DispatchNotPlaced, 1);
            "not_placed"
        }
        Outcome::Refused { reason, .. } => {
            measure(Measure::DispatchRefused, 1);
            // What a provider refuses because of the number has a reason of its own.
            if *reason == EndReason::PROVIDER_UNAVAILABLE {
                measure(Measure::ProviderAuthFailures, 1);
            }
            "refused"
        }
        Outcome::Unknown { .. } => "unknown",
    };
    let (id, request_id) = (conversation.id(), conversation.request_id());
    // What an adapter says of it: a status and the provider's code, no number and no text.
    let (reason, why) = match outcome {
        Outcome::Accepted { .. } => (None, None),
        Outcome::Refused { reason, why } => (Some(reason.as_str()), Some(why.as_str())),
        Outcome::NotPlaced { why, .. } | Outcome::Unknown { why } => (None, Some(why.as_str())),
    };
    // A text that left stands in its conversation's log; a call that was placed is what somebody will look for.
    if !matches!((C::CHANNEL, outcome), (Channel::Sms, Outcome::Accepted { .. })) {
        tracing::info!(conversation = %id, request_id, attempt, outcome = name, reason, why, "dispatched");
    }
}
