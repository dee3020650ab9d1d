//! Times of a call: its limits and its longest life at the provider, and the waits for each kind of news.

use super::Call;
use crate::limits::Limits;
use crate::time::{Span, Timestamp};

/// Longest wait of `call.ended` for the hang-up's confirmation and the transcript.
pub(super) const CLOSING_WAIT: Span = Span::seconds(60);

/// Longest wait of `call.ended` for the answering party, if it was asked for and nothing else is awaited. That report
/// may take several seconds.
pub(super) const DETECTION_WAIT: Span = Span::seconds(15);

/// Time between a call's limit (its ring time or its maximum duration) and the first poll about its end. The provider's
/// own report should arrive before.
const LIMIT_GRACE: Span = Span::seconds(15);

/// Time between two polls of a call at its limit, if the provider does not answer.
pub(super) const LIMIT_RETRY: Span = Span::seconds(10);

/// Time for which a call at its limit is polled without an answer. With [`LIMIT_GRACE`] and the provider's last answer,
/// a call ends within a minute of its limit.
const LIMIT_PATIENCE: Span = Span::seconds(30);

/// Returns the time from which a live call is polled because it has reached its limit: its ring time, or its maximum
/// duration once it was answered. `since` is the time from which the provider has had the call. The provider should
/// have reported the end by the returned time.
pub(super) fn limit_at(limits: Limits, since: Timestamp, started_at: Option<Timestamp>) -> Timestamp {
    let limit = match started_at {
        None => since + Span::seconds(limits.ring_seconds),
        Some(started_at) => started_at + Span::seconds(limits.max_duration_seconds),
    };
    limit + LIMIT_GRACE
}

/// Returns the time at which a live call is ended even if the provider does not answer. `since` is the time from which
/// the provider has had the call.
pub(super) fn given_up_at(call: &Call, since: Timestamp) -> Timestamp {
    limit_at(call.limits, since, call.started_at) + LIMIT_PATIENCE
}

/// Returns the longest time for which a call can be live at the provider, with a margin of 300 seconds.
pub(super) fn longest_life(call: &Call) -> Span {
    Span::seconds(call.limits.ring_seconds.saturating_add(call.limits.max_duration_seconds).saturating_add(300))
}

/// Largest number of unanswered polls for an analysis. The last one is over an hour after the call's end.
pub(super) const MOST_ANALYSIS_TRIES: u32 = 6;

/// Returns the time of the next poll for the analysis of an ended call; `None` if its provider makes no analyses. The
/// provider normally sends the analysis by itself. The time since the end doubles with each poll that the provider does
/// not answer.
pub(super) fn analysis_sought_at(call: &Call) -> Option<Timestamp> {
    let tries = call.facts.analysis_tries.min(MOST_ANALYSIS_TRIES);
    Some(call.ended_at? + call.provider.analysis_wait()?.times(1 << tries))
}
