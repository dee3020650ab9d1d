//! Outcomes of attempts at providers in the log and the metrics: one line of log, and the counts that the dashboard shows.

use domain::conversation::Conversation;
use domain::dispatch::Outcome;
use domain::end_reason::EndReason;
use domain::ids::Channel;
use domain::measure::Measure;
use store::measures::measure;

/// Logs an outcome and counts it. Unknown outcomes are counted when they are committed, because most of them never reach this
/// function.
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
            // A refusal that is caused by the number has another reason.
            if *reason == EndReason::PROVIDER_UNAVAILABLE {
                measure(Measure::ProviderAuthFailures, 1);
            }
            "refused"
        }
        Outcome::Unknown { .. } => "unknown",
    };
    let (id, request_id) = (conversation.id(), conversation.request_id());
    // The adapter's text contains a status and the provider's code. It contains no number and no message content.
    let (reason, why) = match outcome {
        Outcome::Accepted { .. } => (None, None),
        Outcome::Refused { reason, why } => (Some(reason.as_str()), Some(why.as_str())),
        Outcome::NotPlaced { why, .. } | Outcome::Unknown { why } => (None, Some(why.as_str())),
    };
    // An accepted SMS message is in its conversation's log already. A placed call is logged, because operators search for it.
    if !matches!((C::CHANNEL, outcome), (Channel::Sms, Outcome::Accepted { .. })) {
        tracing::info!(conversation = %id, request_id, attempt, outcome = name, reason, why, "dispatched");
    }
}
