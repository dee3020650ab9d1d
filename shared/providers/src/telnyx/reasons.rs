//! Meanings of Telnyx's `hangup_cause`. Source: its enumeration in telnyx-node b9b12ca, `webhooks.ts`.

use domain::end_reason::EndReason;

use crate::reading::passed_through;

/// Meaning of a `hangup_cause`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// End reason of the call.
    pub(super) reason: EndReason,
    /// `true` if a call with this cause was answered.
    pub(super) connected: bool,
}

/// Returns the meaning of a cause. An unknown cause is passed through.
pub(super) fn meaning(word: &str) -> Meaning {
    match ROWS.iter().find(|row| row.0 == word) {
        Some((_, reason, connected)) => Meaning { reason: reason.clone(), connected: *connected },
        None => Meaning { reason: passed_through(word), connected: false },
    }
}

/// All documented causes, except `unspecified`, which says nothing and is passed through.
#[rustfmt::skip]
const ROWS: [(&str, EndReason, bool); 8] = [
    ("normal_clearing", EndReason::COMPLETED, true),
    ("time_limit", EndReason::MAX_DURATION_EXCEEDED, true),
    ("user_busy", EndReason::BUSY, false),
    ("no_answer", EndReason::NO_ANSWER, false),
    // The call rang for the whole ring time.
    ("timeout", EndReason::NO_ANSWER, false),
    // Only Ringdown cancels a call, and the call has its reason by then.
    ("originator_cancel", EndReason::NO_ANSWER, false),
    ("call_rejected", EndReason::REJECTED, false),
    ("not_found", EndReason::INVALID_DESTINATION, false),
];

#[cfg(test)]
mod tests {
    use super::meaning;

    #[test]
    fn each_word_is_told_so() {
        for (word, reason, connected) in [
            ("normal_clearing", "completed", true),
            ("time_limit", "max_duration_exceeded", true),
            ("user_busy", "busy", false),
            ("no_answer", "no_answer", false),
            ("timeout", "no_answer", false),
            ("originator_cancel", "no_answer", false),
            ("call_rejected", "rejected", false),
            ("not_found", "invalid_destination", false),
            ("unspecified", "provider:unspecified", false),
            // Not a cause of Telnyx's: it has `user_busy`.
            ("busy", "provider:busy", false),
        ] {
            let told = meaning(word);
            assert_eq!((told.reason.as_str(), told.connected), (reason, connected), "{word}");
        }
    }
}
