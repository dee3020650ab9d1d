//! What a key may be used for: so many requests a minute, so many calls a day.
//!
//! A use is counted behind the request, while its handler works, and judged by what was read in front of it. So a limit may
//! be exceeded by the requests of a key that are in flight at the same moment, and by no more: the next one reads them all.
//! Minutes and days are those of UTC.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::time::{Span, Timestamp};

const MINUTE_SECONDS: i64 = 60;
const DAY_SECONDS: i64 = 24 * 3_600;

/// What a key is limited to; no limit where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Requests of any kind, in each minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
    /// Calls that are accepted, on each day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_per_day: Option<u32>,
}

/// What a key was used for, as far as it was counted: within the minute and the day of its last use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The minute since the Unix epoch that requests were counted in.
    pub minute: i64,
    /// The requests in it.
    pub requests: u32,
    /// The day since the Unix epoch that calls were counted on.
    pub day: i64,
    /// The calls on it.
    pub calls: u32,
}

/// One of a key's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Quota {
    /// Requests in a minute.
    Requests,
    /// Calls on a day.
    Calls,
}

/// Where a key stands with one of its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which limit.
    pub quota: Quota,
    /// How much it allows.
    pub limit: u32,
    /// How much of it is used up.
    pub used: u32,
    /// In how long it begins anew.
    pub resets_in: Span,
}

/// A limit that is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// Which.
    pub quota: Quota,
    /// How much it allows.
    pub limit: u32,
    /// In how long it begins anew.
    pub resets_in: Span,
}

impl Standing {
    /// How much is left, when so much more is used.
    pub const fn left_after(&self, more: u32) -> u32 {
        self.limit.saturating_sub(self.used.saturating_add(more))
    }
}

impl Quota {
    /// Its name, as it stands in headers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// How long its window is, in seconds.
    pub const fn window_seconds(self) -> i64 {
        match self {
            Self::Requests => MINUTE_SECONDS,
            Self::Calls => DAY_SECONDS,
        }
    }
}

impl Limits {
    /// Whether there is any.
    pub fn is_limited(&self) -> bool {
        self.requests_per_minute.is_some() || self.calls_per_day.is_some()
    }

    /// Whether something of these limits allows less than others do.
    pub fn bounds_more_than(&self, others: &Self) -> bool {
        let more = |own: Option<u32>, other: Option<u32>| own.is_some_and(|own| other.is_none_or(|other| own < other));
        more(self.requests_per_minute, others.requests_per_minute) || more(self.calls_per_day, others.calls_per_day)
    }

    /// Where a key stands with each of its limits.
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

    /// Whether one more request is too much.
    ///
    /// # Errors
    /// [`Exhausted`].
    pub fn allows_request(&self, usage: &Usage, now: Timestamp) -> Result<(), Exhausted> {
        self.allows(Quota::Requests, 1, usage, now)
    }

    /// Whether so many more calls are too many.
    ///
    /// # Errors
    /// [`Exhausted`].
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

    /// The limits of a key that is made by a key of these limits: what was asked for, and none that allows more.
    pub fn or_less(&self, asked: Self) -> Self {
        let least = |own: Option<u32>, asked: Option<u32>| own.into_iter().chain(asked).min();
        Self {
            requests_per_minute: least(self.requests_per_minute, asked.requests_per_minute),
            calls_per_day: least(self.calls_per_day, asked.calls_per_day),
        }
    }
}

/// The minute of a moment, since the Unix epoch.
pub const fn minute_of(at: Timestamp) -> i64 {
    at.as_seconds().div_euclid(MINUTE_SECONDS)
}

/// The day of a moment, since the Unix epoch.
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
