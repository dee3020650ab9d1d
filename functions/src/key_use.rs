//! Use of API keys: the time of the last use, noted at most once an hour, and the counts for keys with limits, updated with
//! every request.
//!
//! A use also counts against the limits of the keys that its key was created with.
//!
//! A function stops when it has answered, so it can write nothing afterwards. Both are written while the handler works, and a
//! request waits for them only if they take longer than the handler. Two kinds of use may therefore exceed a limit: requests of
//! a key that are in flight at the same moment, and uses that a function had not counted when it died.

use std::sync::atomic::Ordering;

use domain::planted::{Bug, is_planted};
use domain::quota::Standing;
use domain::time::Timestamp;
use futures::future::join_all;
use store::{USE_IS_NOTED_EVERY, Use};

use crate::app::App;
use crate::auth::{Account, UsedKey};
use crate::http::Response;

/// Notes the use of a key if none was noted within the last hour, and counts the request if requests are limited. If a write
/// fails, that use is not counted, and the request is answered all the same.
pub(crate) async fn note(app: &App, key: &UsedKey, last_used_at: Option<Timestamp>, now: Timestamp) {
    let is_noted = last_used_at.is_some_and(|last| now.since(last) < USE_IS_NOTED_EVERY);
    let uses = key.accounts.iter().enumerate().filter_map(|(nth, account)| {
        let is_counted = account.limits.requests_per_minute.is_some();
        let is_own = nth == 0;
        let is_written = is_counted || (is_own && !is_noted);
        is_written.then_some((account, Use { requests: u32::from(is_counted), calls: 0, is_own }))
    });
    join_all(uses.map(|(account, used)| write(app, account, used, now))).await;
}

/// Counts calls that were accepted under a key, if calls are limited. To save time, callers await it together with the work
/// that follows the acceptance.
pub(crate) async fn count_calls(app: &App, key: Option<&UsedKey>, calls: u32, now: Timestamp) {
    let Some(key) = key else { return };
    key.placed.fetch_add(calls, Ordering::Relaxed);
    let counting = key.accounts.iter().enumerate().filter(|(_, account)| account.limits.calls_per_day.is_some());
    join_all(counting.map(|(nth, account)| write(app, account, Use { requests: 0, calls, is_own: nth == 0 }, now)))
        .await;
}

async fn write(app: &App, account: &Account, used: Use, now: Timestamp) {
    if is_planted(Bug::ChildrenCountAlone) && !used.is_own {
        return;
    }
    if let Err(error) = app.store.table.count_use(&account.place, account.usage, used, now).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "the use of a key was not noted");
    }
}

/// Adds the headers that show the state of each of the key's limits, with this request counted
/// (draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy` and `RateLimit`).
pub(crate) fn with_limits(response: Response, key: &UsedKey, now: Timestamp) -> Response {
    let this = |standing: &Standing| match standing.quota {
        domain::quota::Quota::Requests => 1,
        domain::quota::Quota::Calls => key.placed.load(Ordering::Relaxed),
    };
    // Of several limits of one kind, the headers show the one with the least left.
    let mut standings: Vec<Standing> = Vec::new();
    for standing in key.accounts.iter().flat_map(|account| account.limits.standings(&account.usage, now)) {
        let left = |standing: &Standing| (standing.left_after(this(standing)), standing.left_after(0));
        match standings.iter_mut().find(|known| known.quota == standing.quota) {
            Some(known) if left(&standing) < left(known) => *known = standing,
            Some(_) => {}
            None => standings.push(standing),
        }
    }
    if standings.is_empty() {
        return response;
    }
    let policy = |standing: &Standing| {
        format!("\"{}\";q={};w={}", standing.quota.as_str(), standing.limit, standing.quota.window_seconds())
    };
    let left = |standing: &Standing| {
        let left = standing.left_after(this(standing));
        format!("\"{}\";r={left};t={}", standing.quota.as_str(), standing.resets_in.as_seconds_rounded_up())
    };
    let list = |member: &dyn Fn(&Standing) -> String| standings.iter().map(member).collect::<Vec<_>>().join(", ");
    response.rate_limits(&list(&policy), &list(&left))
}
