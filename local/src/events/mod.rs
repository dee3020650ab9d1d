//! The exact JSON that AWS sends a function, and what it makes of the answer.

mod http;
mod queue;
mod schedule;

pub use http::{HttpAnswer, HttpRequest, http_answer, http_event};
pub use queue::{Settled, settle, sqs_event};
pub use schedule::scheduled_event;

use time::OffsetDateTime;

/// The moment, for the fields of events that spell it out.
fn moment(now_ms: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(now_ms) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
