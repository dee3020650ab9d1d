//! Events in the exact JSON that AWS sends to functions, and the meaning of the functions' answers.

mod http;
mod queue;
mod schedule;

pub use http::{HttpAnswer, HttpRequest, http_answer, http_event};
pub use queue::{Settled, settle, sqs_event};
pub use schedule::scheduled_event;

use time::OffsetDateTime;

/// Returns the date and time of a moment, for event fields that spell it out.
fn moment(now_ms: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(now_ms) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
