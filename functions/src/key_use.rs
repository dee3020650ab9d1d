//! What a key is used for: when it was last used, noted at most once an hour; and, for a key with limits, how often, counted
//! with every request.
//!
//! A function stops when it has answered, so nothing is left to be done behind the answer. Both are written while the
//! handler works, not before and not after it; a request waits for them only where they are the slower of the two. So a
//! limit may be exceeded by the requests of a key that are in flight at the same moment, and by what a function that died had
//! not counted yet.

use std::sync::atomic::Ordering;

use domain::quota::Standing;
use domain::time::Timestamp;
use store::{USE_IS_NOTED_EVERY, Use};

use crate::app::App;
use crate::auth::UsedKey;
use crate::http::Response;

/// Notes that a key is being used, where that was not noted within the hour, and counts the request, where that is limited.
/// What cannot be written is missed, and the request is answered all the same.
pub(crate) async fn note(app: &App, key: &UsedKey, last_used_at: Option<Timestamp>, now: Timestamp) {
    let is_counted = key.stored.limits.requests_per_minute.is_some();
    if !is_counted && last_used_at.is_some_and(|last| now.since(last) < USE_IS_NOTED_EVERY) {
        return;
    }
    write(app, key, Use { requests: u32::from(is_counted), calls: 0 }, now).await;
}

/// Counts calls that were accepted under a key, where those are limited. To be awaited together with what follows their
/// acceptance anyway.
pub(crate) async fn count_calls(app: &App, key: Option<&UsedKey>, calls: u32, now: Timestamp) {
    let Some(key) = key.filter(|key| key.stored.limits.calls_per_day.is_some()) else { return };
    key.placed.fetch_add(calls, Ordering::Relaxed);
    write(app, key, Use { requests: 0, calls }, now).await;
}

async fn write(app: &App, key: &UsedKey, used: Use, now: Timestamp) {
    if let Err(error) = app.store.table.count_use(&key.place, key.usage, used, now).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "the use of a key was not noted");
    }
}

/// The answer with the headers that say where its key stands with each of its limits, this request included
/// (draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy` and `RateLimit`).
pub(crate) fn with_limits(response: Response, key: &UsedKey, now: Timestamp) -> Response {
    let standings = key.stored.limits.standings(&key.usage, now);
    if standings.is_empty() {
        return response;
    }
    let this = |standing: &Standing| match standing.quota {
        domain::quota::Quota::Requests => 1,
        domain::quota::Quota::Calls => key.placed.load(Ordering::Relaxed),
    };
    let policy = |standing: &Standing| {
        format!("\"{}\";q={};w={}", standing.quota.as_str(), standing.limit, standing.quota.window_seconds())
    };
    let left = |standing: &Standing| {
        let left = standing.limit.saturating_sub(standing.used.saturating_add(this(standing)));
        format!("\"{}\";r={left};t={}", standing.quota.as_str(), standing.resets_in.as_seconds_rounded_up())
    };
    let list = |member: &dyn Fn(&Standing) -> String| standings.iter().map(member).collect::<Vec<_>>().join(", ");
    response.rate_limits(&list(&policy), &list(&left))
}
