//! Limits on the use of an API key: requests per minute, and calls per day.
//!
//! A use is counted while the handler works. It is judged by the counts that were read before that. So requests that are in
//! flight at the same moment may exceed a limit together. The next request reads all of their counts. Minutes and days are
//! in UTC.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::time::{Span, Timestamp};

const MINUTE_SECONDS: i64 = 60;
const DAY_SECONDS: i64 = 24 * 3_600;

/// Limits of an API key; `None` for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Maximum number of requests of any kind in a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
    /// Maximum number of accepted calls on a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_per_day: Option<u32>,
}

/// Counted uses of a key, in the minute and on the day of its last use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Minute since the Unix epoch in which requests were counted.
    pub minute: i64,
    /// Number of requests in that minute.
    pub requests: u32,
    /// Day since the Unix epoch on which calls were counted.
    pub day: i64,
    /// Number of calls on that day.
    pub calls: u32,
}

/// Kind of limit of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Quota {
    /// Requests in a minute.
    Requests,
    /// Calls on a day.
    Calls,
}

/// State of one of a key's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Kind of limit.
    pub quota: Quota,
    /// Number of uses that the limit allows in its window.
    pub limit: u32,
    /// Number of uses in the current window.
    pub used: u32,
    /// Time until the next window begins.
    pub resets_in: Span,
}

/// Limit that is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// Kind of limit.
    pub quota: Quota,
    /// Number of uses that the limit allows in its window.
    pub limit: u32,
    /// Time until the next window begins.
    pub resets_in: Span,
}

impl Standing {
    /// Returns the number of uses that are left after `more` uses.
    pub const fn left_after(&self, more: u32) -> u32 {
        self.limit.saturating_sub(self.used.saturating_add(more))
    }
}

impl Quota {
    /// Returns the name of the limit, as written in headers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns the length of the window, in seconds.
    pub const fn window_seconds(self) -> i64 {
        match self {
            Self::Requests => MINUTE_SECONDS,
            Self::Calls => DAY_SECONDS,
        }
    }
}

impl Limits {
    /// Returns `true` if there is a limit.
    pub fn is_limited(&self) -> bool {
        self.requests_per_minute.is_some() || self.calls_per_day.is_some()
    }

    /// Returns `true` if one of these limits is lower than the same limit of `others`.
    pub fn bounds_more_than(&self, others: &Self) -> bool {
        let more = |own: Option<u32>, other: Option<u32>| own.is_some_and(|own| other.is_none_or(|other| own < other));
        more(self.requests_per_minute, others.requests_per_minute) || more(self.calls_per_day, others.calls_per_day)
    }

    /// Returns the state of each limit of the key.
    pub fn standings(&self, usage: &Usage, now: Timestamp) -> Vec<Standing> {
        let of = |quota: Quota, limit: Option<u32>, used| {
            let resets_in = resets_in(quota, now);
            limit.map(|limit| Standing { quota, limit, used, resets_in })
        };
        let requests = if usage.minute == minute_of(now) { usage.requests } else { 0 };
        let calls = if usage.day == day_of(now) { usage.calls } else { 0 };
        let all =
            [of(Quota::Requests, self.requests_per_minute, requests), of(Quota::Calls, self.calls_per_day, calls)];
        all.into_iter().flatten().collect()
    }

    /// Checks if the limits allow one more request.
    ///
    /// # Errors
    /// [`Exhausted`] if the minute's limit is used up.
    pub fn allows_request(&self, usage: &Usage, now: Timestamp) -> Result<(), Exhausted> {
        self.allows(Quota::Requests, 1, usage, now)
    }

    /// Checks if the limits allow this number of additional calls.
    ///
    /// # Errors
    /// [`Exhausted`] if the day's limit does not allow all of them.
    pub fn allows_calls(&self, calls: u32, usage: &Usage, now: Timestamp) -> Result<(), Exhausted> {
        self.allows(Quota::Calls, calls, usage, now)
    }

    fn allows(&self, quota: Quota, more: u32, usage: &Usage, now: Timestamp) -> Result<(), Exhausted> {
        let exceeded =
            |standing: &Standing| standing.quota == quota && standing.used.saturating_add(more) > standing.limit;
        match self.standings(usage, now).into_iter().find(exceeded) {
            Some(Standing { quota, limit, resets_in, .. }) => Err(Exhausted { quota, limit, resets_in }),
            None => Ok(()),
        }
    }

    /// Returns the limits of a key that a key with these limits creates: the requested ones, lowered to these.
    pub fn or_less(&self, asked: Self) -> Self {
        let least = |own: Option<u32>, asked: Option<u32>| own.into_iter().chain(asked).min();
        Self {
            requests_per_minute: least(self.requests_per_minute, asked.requests_per_minute),
            calls_per_day: least(self.calls_per_day, asked.calls_per_day),
        }
    }
}

/// Returns the minute of a timestamp, since the Unix epoch.
pub const fn minute_of(at: Timestamp) -> i64 {
    at.as_seconds().div_euclid(MINUTE_SECONDS)
}

/// Returns the day of a timestamp, since the Unix epoch.
pub const fn day_of(at: Timestamp) -> i64 {
    at.as_seconds().div_euclid(DAY_SECONDS)
}

fn resets_in(quota: Quota, now: Timestamp) -> Span {
    let window = quota.window_seconds() * 1_000;
    let left = window - now.as_milliseconds().rem_euclid(window);
    Span::milliseconds(u32::try_from(left).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Exhausted, Limits, Quota, Usage, day_of, minute_of};
    use crate::time::{Span, Timestamp};

    fn now() -> Timestamp {
        Timestamp::parse("2026-04-10T14:00:20.000Z").unwrap()
    }

    fn used(requests: u32, calls: u32) -> Usage {
        Usage { minute: minute_of(now()), requests, day: day_of(now()), calls }
    }

    #[test]
    fn a_limit_is_used_up_until_its_window_is_over() {
        let limits = Limits { requests_per_minute: Some(3), calls_per_day: Some(10) };
        assert_eq!(limits.allows_request(&used(2, 0), now()), Ok(()));
        let exhausted = Exhausted { quota: Quota::Requests, limit: 3, resets_in: Span::seconds(40) };
        assert_eq!(limits.allows_request(&used(3, 0), now()), Err(exhausted));
        assert_eq!(limits.allows_request(&used(3, 0), now() + Span::seconds(40)), Ok(()));
        assert_eq!(limits.allows_calls(1, &used(9, 9), now()), Ok(()));
        let exhausted =
            Exhausted { quota: Quota::Calls, limit: 10, resets_in: Span::seconds(9 * 3_600 + 59 * 60 + 40) };
        assert_eq!(limits.allows_calls(2, &used(0, 9), now()), Err(exhausted));
    }

    #[test]
    fn a_key_without_limits_is_allowed_everything() {
        let none = Limits::default();
        assert_eq!(none.allows_request(&used(u32::MAX, 0), now()), Ok(()));
        assert!(none.standings(&used(1, 1), now()).is_empty() && !none.is_limited());
    }

    #[test]
    fn a_key_makes_none_that_may_do_more() {
        let own = Limits { requests_per_minute: Some(60), calls_per_day: None };
        let asked = Limits { requests_per_minute: Some(600), calls_per_day: Some(5) };
        assert_eq!(own.or_less(asked), Limits { requests_per_minute: Some(60), calls_per_day: Some(5) });
        assert_eq!(own.or_less(Limits::default()), own);
    }
}
