//! Meanings of Vapi's `endedReason`. Sources: VapiAI/docs eabfa53, its enumeration in the OpenAPI document (627 values, and
//! more with each release), and `fern/calls/call-ended-reason.mdx`. The table has rows for the known reasons. For the others,
//! the first part of the word tells if the call may have connected.

use domain::end_reason::EndReason;
use domain::ended_by::EndedBy;

use crate::reading::passed_through;

/// Meaning of an `endedReason`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// End reason of the call.
    pub(super) reason: EndReason,
    /// `true` if a call with this reason was answered. `None` if the reason leaves it open.
    pub(super) connected: Option<bool>,
    /// `true` if a machine answered.
    pub(super) machine: bool,
    /// Party that ended the call, if the reason tells.
    pub(super) ended_by: Option<EndedBy>,
}

/// Returns the party that ended a call, by the first part of the reason.
fn ended_by(word: &str) -> Option<EndedBy> {
    let said = [
        ("customer-ended-call", EndedBy::Callee),
        ("assistant-ended-call", EndedBy::Agent),
        ("assistant-said-end-call-phrase", EndedBy::Agent),
        ("assistant-forwarded-call", EndedBy::Agent),
        ("voicemail", EndedBy::Agent),
        ("silence-timed-out", EndedBy::Agent),
    ];
    said.into_iter().find(|(beginning, _)| word.starts_with(beginning)).map(|(_, by)| by)
}

/// Returns the meaning of a reason. A reason without a row is passed through.
pub(super) fn meaning(word: &str) -> Meaning {
    let (machine, ended_by) = (word == "voicemail", ended_by(word));
    if let Some((_, reason, connected)) = ROWS.iter().find(|row| row.0 == word) {
        return Meaning { reason: reason.clone(), connected: *connected, machine, ended_by };
    }
    let begun = BEGINNINGS.iter().find(|(beginning, _)| word.starts_with(beginning));
    Meaning { reason: passed_through(word), connected: begun.and_then(|(_, connected)| *connected), machine, ended_by }
}

/// Reasons with an end reason of ours.
#[rustfmt::skip]
const ROWS: [(&str, EndReason, Option<bool>); 29] = [
    ("customer-ended-call", EndReason::COMPLETED, Some(true)),
    ("customer-ended-call-before-warm-transfer", EndReason::COMPLETED, Some(true)),
    ("customer-ended-call-after-warm-transfer-attempt", EndReason::COMPLETED, Some(true)),
    ("customer-ended-call-during-transfer", EndReason::COMPLETED, Some(true)),
    ("assistant-ended-call", EndReason::COMPLETED, Some(true)),
    ("assistant-said-end-call-phrase", EndReason::COMPLETED, Some(true)),
    ("assistant-ended-call-with-hangup-task", EndReason::COMPLETED, Some(true)),
    ("assistant-ended-call-after-message-spoken", EndReason::COMPLETED, Some(true)),
    ("assistant-forwarded-call", EndReason::COMPLETED, Some(true)),
    ("call.in-progress.twilio-completed-call", EndReason::COMPLETED, Some(true)),
    ("call.in-progress.sip-completed-call", EndReason::COMPLETED, Some(true)),
    ("vonage-completed", EndReason::COMPLETED, Some(true)),
    ("vonage-disconnected", EndReason::COMPLETED, Some(true)),
    // Ended over the API or in the dashboard, perhaps while ringing.
    ("manually-canceled", EndReason::COMPLETED, None),
    ("voicemail", EndReason::VOICEMAIL, Some(true)),
    ("exceeded-max-duration", EndReason::MAX_DURATION_EXCEEDED, Some(true)),
    ("customer-busy", EndReason::BUSY, Some(false)),
    ("customer-did-not-answer", EndReason::NO_ANSWER, Some(false)),
    ("twilio-failed-to-connect-call", EndReason::PROVIDER_UNAVAILABLE, Some(false)),
    ("vonage-failed-to-connect-call", EndReason::PROVIDER_UNAVAILABLE, Some(false)),
    ("vonage-rejected", EndReason::REJECTED, Some(false)),
    ("twilio-reported-customer-misdialed", EndReason::INVALID_DESTINATION, Some(false)),
    // These reasons concern the account at Vapi, not the organization's wallet.
    ("call.start.error-subscription-insufficient-credits", EndReason::PROVIDER_UNAVAILABLE, Some(false)),
    ("call.start.error-subscription-wallet-does-not-exist", EndReason::PROVIDER_UNAVAILABLE, Some(false)),
    ("call.start.error-subscription-frozen", EndReason::PROVIDER_UNAVAILABLE, Some(false)),
    ("call.start.error-vapi-number-outbound-daily-limit", EndReason::PROVIDER_UNAVAILABLE, Some(false)),
    ("call.start.error-vapi-number-international", EndReason::INVALID_DESTINATION, Some(false)),
    ("call.start.error-fraud-check-failed", EndReason::REJECTED, Some(false)),
    ("worker-shutdown", EndReason::PROVIDER_LOST, None),
];

/// First parts of reasons, each with `true` if such a call was answered. A fault while the call was in progress may be the
/// carrier's, before any callee answered.
const BEGINNINGS: [(&str, Option<bool>); 10] = [
    ("call.start.", Some(false)),
    ("call-start-", Some(false)),
    ("call.ringing.", Some(false)),
    ("assistant-request-", Some(false)),
    ("assistant-not-", Some(false)),
    ("scheduled-call-", Some(false)),
    ("call.forwarding.", Some(true)),
    ("call.ending.", Some(true)),
    ("silence-timed-out", Some(true)),
    ("call.in-progress.", None),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::ended_by::EndedBy;

    use super::{ROWS, meaning};

    #[test]
    fn every_word_has_one_row() {
        let words: BTreeSet<&str> = ROWS.iter().map(|row| row.0).collect();
        assert_eq!(words.len(), ROWS.len());
    }

    #[test]
    fn the_usual_words_are_told_so() {
        for (word, reason, connected) in [
            ("customer-ended-call", "completed", Some(true)),
            ("assistant-ended-call", "completed", Some(true)),
            ("voicemail", "voicemail", Some(true)),
            ("exceeded-max-duration", "max_duration_exceeded", Some(true)),
            ("customer-busy", "busy", Some(false)),
            ("customer-did-not-answer", "no_answer", Some(false)),
            ("twilio-failed-to-connect-call", "provider_unavailable", Some(false)),
            ("twilio-reported-customer-misdialed", "invalid_destination", Some(false)),
            ("manually-canceled", "completed", None),
            ("call.start.error-subscription-insufficient-credits", "provider_unavailable", Some(false)),
            ("call.start.error-fraud-check-failed", "rejected", Some(false)),
        ] {
            let told = meaning(word);
            assert_eq!((told.reason.as_str(), told.connected), (reason, connected), "{word}");
        }
        assert!(meaning("voicemail").machine);
    }

    #[test]
    fn who_hung_up_is_told_where_the_word_says() {
        for (word, by) in [
            ("customer-ended-call", Some(EndedBy::Callee)),
            ("customer-ended-call-during-transfer", Some(EndedBy::Callee)),
            ("assistant-ended-call", Some(EndedBy::Agent)),
            ("assistant-said-end-call-phrase", Some(EndedBy::Agent)),
            ("silence-timed-out", Some(EndedBy::Agent)),
            ("manually-canceled", None),
            ("customer-busy", None),
        ] {
            assert_eq!(meaning(word).ended_by, by, "{word}");
        }
    }

    #[test]
    fn other_words_pass_through_and_their_beginning_tells_whether_the_call_connected() {
        for (word, connected) in [
            ("call.start.error-subscription-concurrency-limit-reached", Some(false)),
            ("call-start-error-neither-assistant-nor-server-set", Some(false)),
            ("call.ringing.hook-executed-say", Some(false)),
            ("assistant-request-failed", Some(false)),
            ("scheduled-call-deleted", Some(false)),
            ("call.forwarding.operator-busy", Some(true)),
            ("silence-timed-out", Some(true)),
            ("call.in-progress.error-vapifault-worker-died", None),
            ("call.in-progress.error-providerfault-outbound-sip-403-forbidden", None),
            ("pipeline-error-openai-llm-failed", None),
            ("something-quite-new", None),
        ] {
            let told = meaning(word);
            assert_eq!(told.reason.as_str(), format!("provider:{word}"));
            assert_eq!(told.connected, connected, "{word}");
        }
    }
}
