//! Asking a provider for something that must happen once: what the answers mean, and how long who may wait.

use crate::end_reason::EndReason;
use crate::time::Span;

/// How long a consumer may hold a claim. Longer than the function's timeout, so that a lapsed lease means a dead
/// consumer; shorter than the queue's visibility timeout, so that the redelivery finds it lapsed.
pub const LEASE: Span = Span::seconds(60);

/// Attempts that provably never happened, after which the provider counts as unavailable: about five minutes.
pub const MAX_FAILURES: u32 = 10;

/// What came of asking a provider to place a call or to send a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<Id> {
    /// It has it.
    Accepted {
        /// The provider's id for it.
        id: Id,
    },
    /// The attempt provably never happened, and another may go better: nothing was sent, or we were told to slow down.
    NotPlaced {
        /// How long the provider wants us to wait.
        retry_after: Option<Span>,
        /// For the log: no number, no text.
        why: String,
    },
    /// The provider definitely refused, and would again.
    Refused {
        /// The reason that the conversation ends with.
        reason: EndReason,
        /// For the log: no number, no text.
        why: String,
    },
    /// Anything else. It is never asked again blindly.
    Unknown {
        /// For the log: no number, no text.
        why: String,
    },
}

/// How long to wait after so many failures in a row: 1, 2, 4 … seconds, 60 at most.
pub(crate) fn retry_delay(failures: u32) -> Span {
    Span::seconds(1 << failures.saturating_sub(1).min(6)).min(Span::seconds(60))
}

/// How long to wait after so many searches that found nothing: 5, 10, 20, 40, 60 … seconds.
pub(crate) fn search_delay(searches: u32) -> Span {
    Span::seconds(5 << searches.min(4)).min(Span::seconds(60))
}
