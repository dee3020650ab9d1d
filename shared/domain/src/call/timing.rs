//! The times of a call: how long it may ring, last and be live at the provider, and how long each news of it is waited for.

use super::Call;
use crate::limits::Limits;
use crate::time::{Span, Timestamp};

/// How long `call.ended` waits for the hang-up's confirmation and the transcript.
pub(super) const CLOSING_WAIT: Span = Span::seconds(60);

/// How long it waits for the word on who answered, where that was asked for and nothing else is waited for: whoever reports
/// it tries for seconds.
pub(super) const DETECTION_WAIT: Span = Span::seconds(15);

/// How long after its ring time or its maximum the provider is asked what became of a call: its own report goes first.
const LIMIT_GRACE: Span = Span::seconds(15);

/// How soon it is asked again where it does not answer that.
pub(super) const LIMIT_RETRY: Span = Span::seconds(10);

/// How long it is asked so. With the grace and its last answer, a call ends within a minute of its limit.
const LIMIT_PATIENCE: Span = Span::seconds(30);

/// When a call that the provider has had since then has reached its limit: its ring time, or once it was answered its
/// maximum. The provider is to have reported its end by then, and is asked for it.
pub(super) fn limit_at(limits: Limits, since: Timestamp, started_at: Option<Timestamp>) -> Timestamp {
    let limit = match started_at {
        None => since + Span::seconds(limits.ring_seconds),
        Some(started_at) => started_at + Span::seconds(limits.max_duration_seconds),
    };
    limit + LIMIT_GRACE
}

/// When a call that the provider has had since then is ended, whether or not the provider has answered for it.
pub(super) fn given_up_at(call: &Call, since: Timestamp) -> Timestamp {
    limit_at(call.limits, since, call.started_at) + LIMIT_PATIENCE
}

/// How long a call can be live at the provider, with a margin.
pub(super) fn longest_life(call: &Call) -> Span {
    Span::seconds(call.limits.ring_seconds.saturating_add(call.limits.max_duration_seconds).saturating_add(300))
}

/// How often the provider is asked for an analysis before it has answered: the last time is over an hour after the call's end.
pub(super) const MOST_ANALYSIS_TRIES: u32 = 6;

/// When the provider of an ended call is asked for an analysis that it has not brought by itself: where it did not answer, again, each
/// time after twice as long.
pub(super) fn analysis_sought_at(call: &Call) -> Option<Timestamp> {
    let tries = call.facts.analysis_tries.min(MOST_ANALYSIS_TRIES);
    Some(call.ended_at? + call.provider.analysis_wait()?.times(1 << tries))
}
