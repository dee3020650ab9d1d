//! Why Telnyx says a call ended. Source: the enumeration of `hangup_cause` in telnyx-node b9b12ca, `webhooks.ts`.

use domain::end_reason::EndReason;

use crate::reading::passed_through;

/// What a `hangup_cause` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// The reason, in our words.
    pub(super) reason: EndReason,
    /// Whether a call that ended so had been answered.
    pub(super) connected: bool,
}

/// What one of Telnyx's words says; what nobody had heard before passes through.
pub(super) fn meaning(word: &str) -> Meaning {
    match ROWS.iter().find(|row| row.0 == word) {
        Some((_, reason, connected)) => Meaning { reason: reason.clone(), connected: *connected },
        None => Meaning { reason: passed_through(word), connected: false },
    }
}

/// Every word there is, but for `unspecified`, which says nothing and passes through.
#[rustfmt::skip]
const ROWS: [(&str, EndReason, bool); 8] = [
    ("normal_clearing", EndReason::COMPLETED, true),
    ("time_limit", EndReason::MAX_DURATION_EXCEEDED, true),
    ("user_busy", EndReason::BUSY, false),
    ("no_answer", EndReason::NO_ANSWER, false),
    // It rang for as long as it may.
    ("timeout", EndReason::NO_ANSWER, false),
    // Only we cancel: whoever did has given the call its reason already.
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
            // Not Telnyx's word for it: it is `user_busy`.
            ("busy", "provider:busy", false),
        ] {
            let told = meaning(word);
            assert_eq!((told.reason.as_str(), told.connected), (reason, connected), "{word}");
        }
    }
}
