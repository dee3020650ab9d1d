//! The attempt to have a provider do something that must happen once: place a call, or send a text.
//!
//! A consumer claims the attempt ([`Asking`]) and asks the provider. The outcome settles it: the provider has it, the provider
//! refused, the attempt never happened and is made again after a while, or its outcome is not known ([`Unknown`]). What is
//! not known is searched for and never asked again; so is the attempt of a consumer whose lease lapsed. Calls and texts
//! share these rules, and each channel says what follows from them for its conversation.

use serde::{Deserialize, Serialize};

use crate::end_reason::EndReason;
use crate::planted::{Bug, is_planted};
use crate::time::{Span, Timestamp};

/// How long a consumer may hold a claim. Longer than the function's timeout, so that a lapsed lease means a dead
/// consumer; shorter than the queue's visibility timeout, so that the redelivery finds it lapsed.
pub const LEASE: Span = Span::seconds(60);

/// Attempts that provably never happened, after which the provider counts as unavailable: about five minutes.
pub const MAX_FAILURES: u32 = 10;

/// Searches that take as long as the outcome of an attempt may be unknown.
const FIRST_SEARCHES: u32 = 6;

/// What came of asking a provider to place a call or to send a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<Id> {
    /// It has it.
    Accepted {
        /// The provider's id for it.
        id: Id,
    },
    /// The attempt provably never happened, and another may go better: nothing was sent, or we were told to slow down.
    NotPlaced {
        /// How long the provider wants us to wait.
        retry_after: Option<Span>,
        /// For the log: no number, no text.
        why: String,
    },
    /// The provider definitely refused, and would again.
    Refused {
        /// The reason that the conversation ends with.
        reason: EndReason,
        /// For the log: no number, no text.
        why: String,
    },
    /// Anything else. It is never asked again blindly.
    Unknown {
        /// For the log: no number, no text.
        why: String,
    },
}

/// An attempt that a consumer is making: it holds the lease and asks the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asking {
    /// Moment of the claim.
    pub since: Timestamp,
    /// End of the lease. From then on the consumer counts as dead, and the outcome as unknown.
    pub lease_until: Timestamp,
    /// Attempts before this one that provably never happened.
    pub failures: u32,
}

/// An attempt whose outcome is not known. It is never made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unknown {
    /// Moment at which the attempt began.
    pub since: Timestamp,
    /// Moment of the next search at the provider.
    pub next_search_at: Timestamp,
    /// Searches that found nothing.
    pub searches: u32,
}

/// An attempt that may be open at the provider.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Open {
    /// A consumer is making it.
    Asking(Asking),
    /// Its outcome is not known.
    Unknown(Unknown),
}

/// The rules in which the attempts of two channels differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Longest wait that a provider may ask for; `None` if any wait is kept.
    pub(crate) longest_retry_after: Option<Span>,
    /// Bug that makes an attempt again after a timeout.
    pub(crate) repeating_bug: Bug,
}

/// Another attempt, after one that never happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    /// Moment from which it may be claimed.
    pub(crate) from: Timestamp,
    /// Attempts that provably never happened.
    pub(crate) failures: u32,
}

/// What the outcome of an open attempt means.
#[derive(Debug)]
pub(crate) enum Settled<Id> {
    /// The provider has it, under this id.
    Accepted(Id),
    /// The attempt never happened. `retry` is `None` after too many of those.
    NotPlaced { retry: Option<Retry>, why: String },
    /// The provider refused for good.
    Refused { reason: EndReason, why: String },
    /// Its outcome is not known, from now on.
    Unknown { since: Timestamp, why: String },
    /// Its outcome was not known before, and is not now.
    Unchanged,
}

impl Asking {
    /// Returns the attempt that a consumer claims now.
    pub(crate) fn claimed(now: Timestamp, failures: u32) -> Self {
        Self { since: now, lease_until: now + LEASE, failures }
    }

    /// Returns why the outcome counts as unknown, once the lease has lapsed.
    pub(crate) fn lapsed(self, now: Timestamp) -> Option<String> {
        (now >= self.lease_until).then(|| "the consumer that held the lease was not heard of again".to_owned())
    }
}

impl Unknown {
    /// Returns an attempt that began at `since` and whose outcome has just become unknown. `ended` says that its conversation is
    /// over.
    pub(crate) fn begun(since: Timestamp, now: Timestamp, ended: bool) -> Self {
        Self { since, next_search_at: now + search_delay(0, ended), searches: 0 }
    }

    /// Returns the attempt after another search that found nothing.
    pub(crate) fn not_found(self, now: Timestamp, ended: bool) -> Self {
        let searches = self.searches.saturating_add(1);
        Self { next_search_at: now + search_delay(searches, ended), searches, ..self }
    }

    /// Returns the attempt with its next search at `latest`, if it would be later.
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

/// Returns how long to wait after so many failures in a row: 1, 2, 4 … seconds, 60 at most.
pub(crate) fn retry_delay(failures: u32) -> Span {
    Span::seconds(1 << failures.saturating_sub(1).min(6)).min(Span::seconds(60))
}

/// Returns how long to wait after so many searches that found nothing: 5, 10, 20, 40, 60 … seconds. For a conversation that is
/// over, it is a quarter of an hour once the outcome would have been given up.
fn search_delay(searches: u32, ended: bool) -> Span {
    if ended && searches > FIRST_SEARCHES {
        return Span::minutes(15);
    }
    Span::seconds(5 << searches.min(4)).min(Span::seconds(60))
}
