//! Meanings of Retell's `disconnection_reason`. Sources: its enumeration in retell-typescript-sdk b274013, and
//! docs.retellai.com/reliability/debug-call-disconnect, which lists the reasons of calls that never connected.

use domain::end_reason::EndReason;
use domain::ended_by::EndedBy;

use crate::reading::passed_through;

/// Meaning of a `disconnection_reason`.
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

/// Returns the party that ended a call, if the reason tells.
fn ended_by(word: &str) -> Option<EndedBy> {
    match word {
        "user_hangup" | "user_declined" => Some(EndedBy::Callee),
        "agent_hangup" | "call_transfer" | "transfer_bridged" | "voicemail_reached" | "ivr_reached" | "inactivity" => {
            Some(EndedBy::Agent)
        }
        _ => None,
    }
}

/// Returns the meaning of a reason. An unknown reason is passed through.
pub(super) fn meaning(word: &str) -> Meaning {
    let row = ROWS.iter().find(|row| row.0 == word);
    let (reason, connected) = match row {
        Some((_, Said::As(reason), connected)) => (reason.clone(), *connected),
        Some((_, Said::Itself, connected)) => (passed_through(word), *connected),
        None => (passed_through(word), None),
    };
    Meaning { reason, connected, machine: MACHINES.contains(&word), ended_by: ended_by(word) }
}

/// Translation of a reason.
enum Said {
    /// End reason of ours.
    As(EndReason),
    /// The provider's own word, as `provider:<word>`. It says more than any end reason of ours.
    Itself,
}

/// Reasons that say that a machine answered.
const MACHINES: [&str; 2] = ["voicemail_reached", "ivr_reached"];

/// All documented reasons.
#[rustfmt::skip]
const ROWS: [(&str, Said, Option<bool>); 34] = [
    ("user_hangup", Said::As(EndReason::COMPLETED), Some(true)),
    ("agent_hangup", Said::As(EndReason::COMPLETED), Some(true)),
    ("call_transfer", Said::As(EndReason::COMPLETED), Some(true)),
    ("transfer_bridged", Said::As(EndReason::COMPLETED), Some(true)),
    ("transfer_cancelled", Said::As(EndReason::COMPLETED), Some(true)),
    ("call_take_over", Said::As(EndReason::COMPLETED), Some(true)),
    // Stopped over the API or in the dashboard, perhaps while ringing.
    ("manual_stopped", Said::As(EndReason::COMPLETED), None),
    ("voicemail_reached", Said::As(EndReason::VOICEMAIL), Some(true)),
    ("ivr_reached", Said::As(EndReason::VOICEMAIL), Some(true)),
    ("inactivity", Said::Itself, Some(true)),
    ("max_duration_reached", Said::As(EndReason::MAX_DURATION_EXCEEDED), Some(true)),
    ("dial_busy", Said::As(EndReason::BUSY), Some(false)),
    ("dial_no_answer", Said::As(EndReason::NO_ANSWER), Some(false)),
    ("dial_failed", Said::As(EndReason::PROVIDER_UNAVAILABLE), Some(false)),
    ("invalid_destination", Said::As(EndReason::INVALID_DESTINATION), Some(false)),
    ("telephony_provider_permission_denied", Said::As(EndReason::PROVIDER_UNAVAILABLE), Some(false)),
    ("telephony_provider_unavailable", Said::As(EndReason::PROVIDER_UNAVAILABLE), Some(false)),
    ("sip_routing_error", Said::As(EndReason::PROVIDER_UNAVAILABLE), Some(false)),
    ("marked_as_spam", Said::As(EndReason::REJECTED), Some(false)),
    ("user_declined", Said::As(EndReason::REJECTED), Some(false)),
    ("concurrency_limit_reached", Said::Itself, Some(false)),
    ("no_concurrency_fallback", Said::Itself, Some(false)),
    // This reason concerns the account at Retell, not the organization's wallet.
    ("no_valid_payment", Said::As(EndReason::PROVIDER_UNAVAILABLE), Some(false)),
    ("scam_detected", Said::Itself, None),
    ("registered_call_timeout", Said::As(EndReason::PROVIDER_UNAVAILABLE), Some(false)),
    ("error_user_not_joined", Said::As(EndReason::NO_ANSWER), Some(false)),
    ("error_llm_websocket_open", Said::Itself, None),
    ("error_llm_websocket_lost_connection", Said::Itself, None),
    ("error_llm_websocket_runtime", Said::Itself, None),
    ("error_llm_websocket_corrupt_payload", Said::Itself, None),
    ("error_no_audio_received", Said::Itself, None),
    ("error_asr", Said::Itself, None),
    ("error_retell", Said::Itself, None),
    ("error_unknown", Said::Itself, None),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::ended_by::EndedBy;

    use super::{MACHINES, ROWS, meaning};

    #[test]
    fn every_word_has_one_row() {
        let words: BTreeSet<&str> = ROWS.iter().map(|row| row.0).collect();
        assert_eq!(words.len(), 34);
        assert!(MACHINES.iter().all(|word| words.contains(word)));
    }

    #[test]
    fn each_word_is_told_so() {
        let told: Vec<String> = ROWS
            .iter()
            .map(|(word, _, _)| {
                let meaning = meaning(word);
                let connected = match meaning.connected {
                    Some(true) => "connected",
                    Some(false) => "not connected",
                    None => "perhaps connected",
                };
                format!("{word}: {}, {connected}", meaning.reason)
            })
            .collect();
        let expected = "\
user_hangup: completed, connected
agent_hangup: completed, connected
call_transfer: completed, connected
transfer_bridged: completed, connected
transfer_cancelled: completed, connected
call_take_over: completed, connected
manual_stopped: completed, perhaps connected
voicemail_reached: voicemail, connected
ivr_reached: voicemail, connected
inactivity: provider:inactivity, connected
max_duration_reached: max_duration_exceeded, connected
dial_busy: busy, not connected
dial_no_answer: no_answer, not connected
dial_failed: provider_unavailable, not connected
invalid_destination: invalid_destination, not connected
telephony_provider_permission_denied: provider_unavailable, not connected
telephony_provider_unavailable: provider_unavailable, not connected
sip_routing_error: provider_unavailable, not connected
marked_as_spam: rejected, not connected
user_declined: rejected, not connected
concurrency_limit_reached: provider:concurrency_limit_reached, not connected
no_concurrency_fallback: provider:no_concurrency_fallback, not connected
no_valid_payment: provider_unavailable, not connected
scam_detected: provider:scam_detected, perhaps connected
registered_call_timeout: provider_unavailable, not connected
error_user_not_joined: no_answer, not connected
error_llm_websocket_open: provider:error_llm_websocket_open, perhaps connected
error_llm_websocket_lost_connection: provider:error_llm_websocket_lost_connection, perhaps connected
error_llm_websocket_runtime: provider:error_llm_websocket_runtime, perhaps connected
error_llm_websocket_corrupt_payload: provider:error_llm_websocket_corrupt_payload, perhaps connected
error_no_audio_received: provider:error_no_audio_received, perhaps connected
error_asr: provider:error_asr, perhaps connected
error_retell: provider:error_retell, perhaps connected
error_unknown: provider:error_unknown, perhaps connected";
        assert_eq!(told.join("\n"), expected);
    }

    #[test]
    fn who_hung_up_is_told_where_the_word_says() {
        for (word, by) in [
            ("user_hangup", Some(EndedBy::Callee)),
            ("user_declined", Some(EndedBy::Callee)),
            ("agent_hangup", Some(EndedBy::Agent)),
            ("call_transfer", Some(EndedBy::Agent)),
            ("voicemail_reached", Some(EndedBy::Agent)),
            ("manual_stopped", None),
            ("dial_no_answer", None),
        ] {
            assert_eq!(meaning(word).ended_by, by, "{word}");
        }
    }

    #[test]
    fn a_word_that_nobody_had_heard_before_passes_through() {
        let unheard = meaning("network_blocked");
        assert_eq!(unheard.reason.as_str(), "provider:network_blocked");
        assert_eq!((unheard.connected, unheard.machine), (None, false));
    }
}
