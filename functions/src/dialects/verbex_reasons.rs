//! Conversion between end reasons and the 26 finish reasons of `verbex`, in both directions.
//!
//! The finish reasons are those of Retell's older vocabulary, renamed. An end reason with an exact counterpart is converted to that one. A
//! provider's own reason (`provider:<value>`) is converted to the renamed word. All other end reasons are converted to the closest word.

use domain::end_reason::EndReason;

/// Finish reason, with the equivalent end reason and Retell's name for it.
struct Row {
    word: &'static str,
    ours: EndReason,
    retell: &'static str,
}

macro_rules! row {
    ($word:literal, $ours:ident, $retell:literal) => {
        Row { word: $word, ours: EndReason::$ours, retell: $retell }
    };
}

/// Finish reasons with an equivalent end reason. If two have the same end reason, the first one is used in responses.
const NAMED: [Row; 8] = [
    row!("user_ended_call", COMPLETED, "user_hangup"),
    row!("voicemail_detected", VOICEMAIL, "voicemail_reached"),
    row!("maximum_duration_exceeded", MAX_DURATION_EXCEEDED, "max_duration_reached"),
    row!("invalid_payment", INSUFFICIENT_FUNDS, "no_valid_payment"),
    row!("line_busy", BUSY, "dial_busy"),
    row!("call_failed", PROVIDER_UNAVAILABLE, "dial_failed"),
    row!("no_answer", NO_ANSWER, "dial_no_answer"),
    row!("registered_call_timed_out", DISPATCH_DEADLINE_EXCEEDED, "registered_call_timeout"),
];

/// Finish reasons without an equivalent end reason, with Retell's names. They correspond to end reasons of the form `provider:<value>`.
const OF_PROVIDERS: [(&str, &str); 18] = [
    ("agent_ended_call", "agent_hangup"),
    ("call_transferred", "call_transfer"),
    ("inactivity_timeout", "inactivity"),
    ("answering_machine_detected", "machine_detected"),
    ("concurrent_call_limit_reached", "concurrency_limit_reached"),
    ("potential_scam_detected", "scam_detected"),
    ("inbound_webhook_error", "error_inbound_webhook"),
    ("llm_websocket_initialization_error", "error_llm_websocket_open"),
    ("llm_websocket_connection_lost", "error_llm_websocket_lost_connection"),
    ("llm_websocket_runtime_error", "error_llm_websocket_runtime"),
    ("llm_websocket_payload_corruption", "error_llm_websocket_corrupt_payload"),
    ("frontend_payload_corruption", "error_frontend_corrupted_payload"),
    ("twilio_service_error", "error_twilio"),
    ("no_audio_input", "error_no_audio_received"),
    ("speech_recognition_error", "error_asr"),
    ("retell_service_error", "error_retell"),
    ("unknown_error", "error_unknown"),
    ("user_connection_failure", "error_user_not_joined"),
];

/// End reasons without an equivalent finish reason, with the closest one.
const NEAREST: [(EndReason, &str); 14] = [
    (EndReason::REJECTED, "call_failed"),
    (EndReason::INVALID_DESTINATION, "call_failed"),
    (EndReason::INVALID_SENDER, "call_failed"),
    (EndReason::DESTINATION_NOT_ALLOWED, "call_failed"),
    (EndReason::DO_NOT_CALL, "call_failed"),
    (EndReason::DISPATCH_UNCONFIRMED, "call_failed"),
    (EndReason::PROVIDER_LOST, "user_connection_failure"),
    (EndReason::ADMIN_CLOSED, "agent_ended_call"),
    (EndReason::ORGANIZATION_SUSPENDED, "call_failed"),
    (EndReason::NUMBER_NOT_OWNED, "call_failed"),
    (EndReason::INTERNAL_ERROR, "unknown_error"),
    // These are end reasons of SMS conversations. No call ends with them.
    (EndReason::SUPERSEDED, "agent_ended_call"),
    (EndReason::OPTED_OUT, "user_ended_call"),
    (EndReason::INACTIVITY_TIMEOUT, "inactivity_timeout"),
];

/// Prefix of a provider's own reason.
const PROVIDER: &str = "provider:";

/// Returns the finish reason for an end reason.
pub fn finish_reason(reason: &EndReason) -> &'static str {
    if let Some(row) = NAMED.iter().find(|row| row.ours == *reason) {
        return row.word;
    }
    if let Some((_, word)) = NEAREST.iter().find(|(ours, _)| ours == reason) {
        return word;
    }
    match reason.as_str().strip_prefix(PROVIDER) {
        Some(said) => {
            let renamed = OF_PROVIDERS.iter().find(|(_, retell)| *retell == said).map(|(word, _)| *word);
            renamed
                .or_else(|| NAMED.iter().find(|row| row.retell == said).map(|row| row.word))
                .unwrap_or("unknown_error")
        }
        // A client closed the call with a reason of its own, so the callee did not hang up.
        None => "agent_ended_call",
    }
}

/// Returns the end reason for a finish reason, or `None` if the word is not one of the 26.
pub fn end_reason(word: &str) -> Option<EndReason> {
    let named = NAMED.iter().find(|row| row.word == word).map(|row| row.ours.clone());
    let said = || OF_PROVIDERS.iter().find(|(known, _)| *known == word);
    named.or_else(|| said().map(|(_, retell)| EndReason::unknown_at_provider(retell)))
}

/// Returns all finish reasons.
pub fn words() -> impl Iterator<Item = &'static str> {
    NAMED.iter().map(|row| row.word).chain(OF_PROVIDERS.iter().map(|(word, _)| *word))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::end_reason::EndReason;

    use super::{NEAREST, end_reason, finish_reason, words};

    #[test]
    fn every_one_of_the_26_words_goes_there_and_back() {
        assert_eq!(words().collect::<BTreeSet<_>>().len(), 26);
        for word in words() {
            let ours = end_reason(word).unwrap_or_else(|| panic!("{word} is no reason of ours"));
            assert_eq!(finish_reason(&ours), word);
        }
        assert_eq!(end_reason("something_else"), None);
    }

    #[test]
    fn every_named_reason_has_a_word() {
        let known: BTreeSet<&str> = words().collect();
        for reason in EndReason::NAMED {
            let has_its_own = words().any(|word| end_reason(word).as_ref() == Some(reason));
            let nearest = NEAREST.iter().filter(|(ours, _)| ours == reason).count();
            assert_eq!(usize::from(has_its_own) + nearest, 1, "{reason} is told in one way");
            assert!(known.contains(finish_reason(reason)), "{reason}");
        }
    }

    #[test]
    fn what_no_table_knows_is_told_as_what_it_is() {
        assert_eq!(finish_reason(&EndReason::unknown_at_provider("error_retell")), "retell_service_error");
        assert_eq!(finish_reason(&EndReason::unknown_at_provider("dial_busy")), "line_busy");
        assert_eq!(finish_reason(&EndReason::unknown_at_provider("never_heard_of")), "unknown_error");
        assert_eq!(finish_reason(&EndReason::given("customer_cancelled")), "agent_ended_call");
    }
}
