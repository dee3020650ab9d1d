//! The delivery of one event to one endpoint: its states, and when it is tried again.

use serde::{Deserialize, Serialize};

use crate::ids::{ConversationId, EndpointId};
use crate::time::{Span, Timestamp};

/// The waits between attempts, each counted from the one before: 75 h 35 min 5 s in all.
pub const SCHEDULE: [Span; 9] = [
    Span::seconds(5),
    Span::minutes(5),
    Span::minutes(30),
    Span::hours(2),
    Span::hours(5),
    Span::hours(10),
    Span::hours(14),
    Span::hours(20),
    Span::hours(24),
];

/// How many attempts are kept of a delivery that is sent again and again: three rounds, some 35 KiB.
pub const KEPT_ATTEMPTS: usize = 30;

/// A `Retry-After` is honoured up to this.
pub const LONGEST_RETRY_AFTER: Span = Span::hours(24);

/// Where an event's delivery to an endpoint stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = WebhookDeliveryStatus))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// To be tried, or tried again.
    Pending,
    /// The endpoint answered 2xx.
    Delivered,
    /// Every attempt failed, or the endpoint is disabled. It can be sent again.
    Exhausted,
    /// The endpoint was deleted.
    Cancelled,
}

/// One attempt, for the log that the endpoint's owner reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub duration_ms: u32,
    /// The endpoint's HTTP status, where it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong, where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The first kilobyte of its answer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answer: String,
}

/// One event on its way to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The conversation whose event it is.
    pub conversation: ConversationId,
    /// The event's place in that conversation's log.
    pub log_number: u64,
    /// The event's `sequence`.
    pub sequence: u64,
    /// Where it goes.
    pub endpoint: EndpointId,
    /// Where it stands.
    pub state: State,
    /// When the event happened.
    pub created_at: Timestamp,
    /// When it is tried next, while it is pending.
    pub next_attempt_at: Timestamp,
    /// What was tried so far: the last [`KEPT_ATTEMPTS`] of it.
    pub attempts: Vec<Attempt>,
    /// How many attempts were made since it was last asked for: the schedule goes by these.
    #[serde(default)]
    pub tries: u32,
}

/// What an endpoint's answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// 2xx.
    Delivered,
    /// 410: the endpoint wants nothing more, ever.
    Gone,
    /// Anything else, and no answer at all.
    Failed {
        /// What a 429 or 503 asks for.
        retry_after: Option<Span>,
    },
}

impl Verdict {
    /// Judges an answer by its status. A redirect is a failure; `Retry-After` counts on 429 and 503 only.
    pub fn of(status: u16, retry_after: Option<Span>) -> Self {
        match status {
            200..=299 => Self::Delivered,
            410 => Self::Gone,
            429 | 503 => Self::Failed { retry_after: retry_after.map(|wait| wait.min(LONGEST_RETRY_AFTER)) },
            _ => Self::Failed { retry_after: None },
        }
    }
}

impl Delivery {
    /// A delivery of an event that just happened.
    pub fn new(
        conversation: ConversationId,
        log_number: u64,
        sequence: u64,
        endpoint: EndpointId,
        now: Timestamp,
    ) -> Self {
        Self {
            conversation,
            log_number,
            sequence,
            endpoint,
            state: State::Pending,
            created_at: now,
            next_attempt_at: now,
            attempts: Vec::new(),
            tries: 0,
        }
    }

    /// The delivery, to be made from now on as if it had not been tried. What was tried stays in its log.
    pub fn again(self, now: Timestamp) -> Self {
        Self { state: State::Pending, next_attempt_at: now, tries: 0, ..self }
    }

    /// The delivery after one more attempt. `jitter` is a random number below 2^16: up to a tenth is added to a wait.
    pub fn after(mut self, attempt: Attempt, verdict: Verdict, now: Timestamp, jitter: u16) -> Self {
        let failures = usize::try_from(self.tries).unwrap_or(usize::MAX);
        self.tries = self.tries.saturating_add(1);
        self.attempts.push(attempt);
        let dropped = self.attempts.len().saturating_sub(KEPT_ATTEMPTS);
        self.attempts.drain(..dropped);
        match verdict {
            Verdict::Delivered => self.state = State::Delivered,
            Verdict::Gone => self.state = State::Exhausted,
            Verdict::Failed { retry_after } => match SCHEDULE.get(failures) {
                None => self.state = State::Exhausted,
                Some(wait) => {
                    let wait = (*wait).max(retry_after.unwrap_or(Span::ZERO));
                    self.next_attempt_at = now + jittered(wait, jitter);
                }
            },
        }
        self
    }
}

fn jittered(wait: Span, jitter: u16) -> Span {
    let tenth = wait.as_milliseconds() / 10;
    let extra = tenth * i64::from(jitter) / i64::from(u16::MAX);
    Span::milliseconds(u32::try_from(wait.as_milliseconds() + extra).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Attempt, Delivery, KEPT_ATTEMPTS, SCHEDULE, State, Verdict};
    use crate::ids::{ConversationId, EndpointId};
    use crate::time::{Span, Timestamp};

    fn attempt(at: Timestamp, status: u16) -> Attempt {
        Attempt { at, duration_ms: 3, status: Some(status), error: None, answer: String::new() }
    }

    fn delivery(now: Timestamp) -> Delivery {
        Delivery::new(ConversationId::random([1; 16]), 1, 1, EndpointId::random([2; 16]), now)
    }

    #[test]
    fn the_schedule_is_ten_attempts_over_three_days() {
        let start = Timestamp::from_milliseconds(0);
        let (mut now, mut delivery) = (start, delivery(start));
        let mut attempts = 0;
        while delivery.state == State::Pending {
            now = delivery.next_attempt_at;
            delivery = delivery.after(attempt(now, 500), Verdict::of(500, None), now, 0);
            attempts += 1;
        }
        assert_eq!((attempts, delivery.state), (10, State::Exhausted));
        assert_eq!(now.since(start), Span::seconds(75 * 3_600 + 35 * 60 + 5));
        assert_eq!(SCHEDULE.len(), 9);
    }

    #[test]
    fn retry_after_is_honoured_on_429_and_503_up_to_a_day() {
        let week = Some(Span::hours(7 * 24));
        assert_eq!(Verdict::of(429, week), Verdict::Failed { retry_after: Some(Span::hours(24)) });
        assert_eq!(Verdict::of(503, week), Verdict::Failed { retry_after: Some(Span::hours(24)) });
        assert_eq!(Verdict::of(500, week), Verdict::Failed { retry_after: None });
        let now = Timestamp::from_milliseconds(0);
        let waiting = delivery(now).after(attempt(now, 429), Verdict::of(429, Some(Span::seconds(90))), now, 0);
        assert_eq!(waiting.next_attempt_at.since(now), Span::seconds(90));
    }

    #[test]
    fn jitter_only_ever_adds_and_at_most_a_tenth() {
        let now = Timestamp::from_milliseconds(0);
        let late = delivery(now).after(attempt(now, 500), Verdict::of(500, None), now, u16::MAX);
        assert_eq!(late.next_attempt_at.since(now), Span::milliseconds(5_500));
    }

    #[test]
    fn a_delivery_that_is_asked_for_again_gets_the_whole_schedule_and_keeps_its_log() {
        let mut now = Timestamp::from_milliseconds(0);
        let mut delivery = delivery(now);
        for round in 1..=4 {
            let mut attempts = 0;
            while delivery.state == State::Pending {
                now = delivery.next_attempt_at;
                delivery = delivery.after(attempt(now, 500), Verdict::of(500, None), now, 0);
                attempts += 1;
            }
            assert_eq!((attempts, delivery.attempts.len()), (10, (round * 10).min(KEPT_ATTEMPTS)));
            delivery = delivery.again(now);
        }
        assert_eq!((delivery.state, delivery.next_attempt_at), (State::Pending, now));
    }

    #[test]
    fn a_redirect_fails_and_gone_ends() {
        let now = Timestamp::from_milliseconds(0);
        assert_eq!(Verdict::of(302, None), Verdict::Failed { retry_after: None });
        assert_eq!(delivery(now).after(attempt(now, 410), Verdict::of(410, None), now, 0).state, State::Exhausted);
        assert_eq!(delivery(now).after(attempt(now, 204), Verdict::of(204, None), now, 0).state, State::Delivered);
    }
}
