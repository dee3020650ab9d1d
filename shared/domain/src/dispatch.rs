//! Attempts at a provider that must succeed at most once: to place a call, or to send an SMS message.
//!
//! A consumer claims the attempt ([`Asking`]) and asks the provider. The outcome settles the attempt:
//!
//! - The provider accepted it.
//! - The provider refused it for good.
//! - The attempt never happened. It is repeated after a wait.
//! - The outcome is not known ([`Unknown`]). The attempt is searched for and never repeated. An attempt also counts as
//!   unknown once its consumer's lease has expired.
//!
//! Calls and messages share these rules. The rules of each channel apply the result to its conversation.

use serde::{Deserialize, Serialize};

use crate::end_reason::EndReason;
use crate::planted::{Bug, is_planted};
use crate::time::{Span, Timestamp};

/// Length of a consumer's lease on a claim. It is longer than the function's timeout, so that an expired lease means a
/// dead consumer. It is shorter than the queue's visibility timeout, so that a redelivered message finds the lease
/// expired.
pub const LEASE: Span = Span::seconds(60);

/// Number of attempts that provably never happened, after which the provider counts as unavailable. They take about
/// five minutes.
pub const MAX_FAILURES: u32 = 10;

/// Number of searches within the time for which an outcome may be unknown.
const FIRST_SEARCHES: u32 = 6;

/// Outcome of a request to a provider to place a call or to send an SMS message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<Id> {
    /// The provider has accepted the request.
    Accepted {
        /// Provider's id for the call or message.
        id: Id,
    },
    /// The attempt provably never happened, and another one may succeed. Nothing was sent, or the provider asked us to
    /// slow down.
    NotPlaced {
        /// Wait that the provider asks for.
        retry_after: Option<Span>,
        /// Explanation for the log, without phone numbers and message texts.
        why: String,
    },
    /// The provider refused the request for good, and would refuse it again.
    Refused {
        /// End reason for the conversation.
        reason: EndReason,
        /// Explanation for the log, without phone numbers and message texts.
        why: String,
    },
    /// Any other result. The request is never repeated blindly.
    Unknown {
        /// Explanation for the log, without phone numbers and message texts.
        why: String,
    },
}

/// Attempt in progress: a consumer owns the lease and asks the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asking {
    /// Time of the claim.
    pub since: Timestamp,
    /// End of the lease. From then on, the consumer counts as dead and the outcome as unknown.
    pub lease_until: Timestamp,
    /// Number of earlier attempts that provably never happened.
    pub failures: u32,
}

/// Attempt with an unknown outcome. It is never repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unknown {
    /// Start of the attempt.
    pub since: Timestamp,
    /// Time of the next search at the provider.
    pub next_search_at: Timestamp,
    /// Number of searches that found nothing.
    pub searches: u32,
}

/// Attempt that may be open at the provider.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Open {
    /// In progress at a consumer.
    Asking(Asking),
    /// Finished with an unknown outcome.
    Unknown(Unknown),
}

/// Rules in which the attempts of the two channels differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Longest wait that a provider may ask for; `None` if there is no limit.
    pub(crate) longest_retry_after: Option<Span>,
    /// Planted bug that repeats an attempt after a timeout.
    pub(crate) repeating_bug: Bug,
}

/// Further attempt, after one that never happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    /// Earliest time at which it may be claimed.
    pub(crate) from: Timestamp,
    /// Number of attempts that provably never happened.
    pub(crate) failures: u32,
}

/// Consequence of an outcome for an open attempt.
#[derive(Debug)]
pub(crate) enum Settled<Id> {
    /// The provider has accepted the request, and returned this id.
    Accepted(Id),
    /// The attempt never happened. `retry` is `None` if there were too many of these.
    NotPlaced { retry: Option<Retry>, why: String },
    /// The provider refused the request for good.
    Refused { reason: EndReason, why: String },
    /// The outcome is unknown from now on.
    Unknown { since: Timestamp, why: String },
    /// The outcome was unknown before, and still is.
    Unchanged,
}

impl Asking {
    /// Creates the attempt that a consumer claims at `now`.
    pub(crate) fn claimed(now: Timestamp, failures: u32) -> Self {
        Self { since: now, lease_until: now + LEASE, failures }
    }

    /// Returns the explanation for an unknown outcome, if the lease has expired.
    pub(crate) fn lapsed(self, now: Timestamp) -> Option<String> {
        (now >= self.lease_until).then(|| "the consumer that held the lease was not heard of again".to_owned())
    }
}

impl Unknown {
    /// Creates an unknown outcome for an attempt that began at `since`. `ended` is `true` if its conversation is over.
    pub(crate) fn begun(since: Timestamp, now: Timestamp, ended: bool) -> Self {
        Self { since, next_search_at: now + search_delay(0, ended), searches: 0 }
    }

    /// Returns the attempt after another search that found nothing.
    pub(crate) fn not_found(self, now: Timestamp, ended: bool) -> Self {
        let searches = self.searches.saturating_add(1);
        Self { next_search_at: now + search_delay(searches, ended), searches, ..self }
    }

    /// Returns the attempt with its next search at `latest` at the latest.
    pub(crate) fn searched_by(self, latest: Timestamp) -> Self {
        Self { next_search_at: self.next_search_at.min(latest), ..self }
    }
}

impl Open {
    /// Settles the attempt by its outcome.
    pub(crate) fn settle<Id>(self, outcome: Outcome<Id>, rules: Rules, now: Timestamp) -> Settled<Id> {
        match outcome {
            Outcome::Accepted { id } => Settled::Accepted(id),
            Outcome::Refused { reason, why } => Settled::Refused { reason, why },
            Outcome::NotPlaced { retry_after, why } => {
                Settled::NotPlaced { retry: self.retry(retry_after, rules, now), why }
            }
            Outcome::Unknown { why } => match self {
                Self::Asking(_) if is_planted(rules.repeating_bug) => {
                    Settled::NotPlaced { retry: self.retry(None, rules, now), why }
                }
                Self::Asking(asking) => Settled::Unknown { since: asking.since, why },
                Self::Unknown(_) => Settled::Unchanged,
            },
        }
    }

    fn retry(self, retry_after: Option<Span>, rules: Rules, now: Timestamp) -> Option<Retry> {
        let failures = 1 + match self {
            Self::Asking(asking) => asking.failures,
            Self::Unknown(_) => 0,
        };
        let asked_for = retry_after.unwrap_or(Span::ZERO);
        let asked_for = rules.longest_retry_after.map_or(asked_for, |longest| asked_for.min(longest));
        (failures < MAX_FAILURES).then(|| Retry { from: now + retry_delay(failures).max(asked_for), failures })
    }
}

/// Returns the wait after a number of failures in a row: 1, 2, 4 … seconds, at most 60.
pub(crate) fn retry_delay(failures: u32) -> Span {
    Span::seconds(1 << failures.saturating_sub(1).min(6)).min(Span::seconds(60))
}

/// Returns the wait after a number of searches that found nothing: 5, 10, 20, 40, 60 … seconds. If the conversation is
/// over, the wait becomes a quarter of an hour after [`FIRST_SEARCHES`] searches.
fn search_delay(searches: u32, ended: bool) -> Span {
    if ended && searches > FIRST_SEARCHES {
        return Span::minutes(15);
    }
    Span::seconds(5 << searches.min(4)).min(Span::seconds(60))
}

#[cfg(test)]
mod tests {
    use super::{Asking, Unknown};
    use crate::call::Dispatch;
    use crate::sms::SendState;
    use crate::time::{Span, Timestamp};

    #[test]
    fn an_attempt_of_either_channel_is_stored_under_the_same_names() {
        let since = Timestamp::from_milliseconds(1_800_000_000_000);
        let asking = Asking::claimed(since, 2);
        let unknown = Unknown::begun(since, since + Span::seconds(1), false);
        let stored = [
            r#"{"state":"asking","since":"2027-01-15T08:00:00.000Z","leaseUntil":"2027-01-15T08:01:00.000Z","failures":2}"#,
            r#"{"state":"unknown","since":"2027-01-15T08:00:00.000Z","nextSearchAt":"2027-01-15T08:00:06.000Z","searches":0}"#,
        ];
        for (text, dispatch) in stored.into_iter().zip([Dispatch::Asking(asking), Dispatch::Unknown(unknown)]) {
            assert_eq!(serde_json::to_string(&dispatch).unwrap(), text);
            assert_eq!(serde_json::from_str::<Dispatch>(text).unwrap(), dispatch);
        }
        for (text, state) in stored.into_iter().zip([SendState::Asking(asking), SendState::Unknown(unknown)]) {
            assert_eq!(serde_json::to_string(&state).unwrap(), text);
            assert_eq!(serde_json::from_str::<SendState>(text).unwrap(), state);
        }
    }
}
