//! How long a call may ring, last, and be live at the provider at all.

use super::Call;
use super::step::{LIMIT_GRACE, LIMIT_PATIENCE};
use crate::limits::Limits;
use crate::time::{Span, Timestamp};

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
