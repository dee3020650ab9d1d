//! Delivery of one event to one endpoint: its states and its retry schedule.

use serde::{Deserialize, Serialize};

use crate::ids::{ConversationId, EndpointId};
use crate::time::{Span, Timestamp};

/// Waits before the second and each further attempt, counted from the attempt before: 75 h 35 min 5 s in all.
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

/// Largest number of attempts that are kept in a delivery's log: three rounds of the schedule, about 35 KiB.
pub const KEPT_ATTEMPTS: usize = 30;

/// Longest `Retry-After` that is honoured.
pub const LONGEST_RETRY_AFTER: Span = Span::hours(24);

/// Status of an event's delivery to an endpoint. An `exhausted` delivery was given up and can be sent again. A delivery
/// is `cancelled` if its endpoint is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = WebhookDeliveryStatus))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waiting for its first or next attempt.
    Pending,
    /// Answered with 2xx by the endpoint.
    Delivered,
    /// Given up: all attempts failed, the endpoint answered 410 or is disabled, or the retention of the event is over.
    /// An event that is still kept can be sent again.
    Exhausted,
    /// Cancelled, because the endpoint was deleted.
    Cancelled,
}

/// Attempt to deliver an event, as the delivery's log shows it to clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// Start of the attempt.
    pub at: Timestamp,
    /// Duration in milliseconds.
    pub duration_ms: u32,
    /// HTTP status of the endpoint's answer, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Error, if there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// First kilobyte of the answer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answer: String,
}

/// Delivery of one event to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Conversation of the event.
    pub conversation: ConversationId,
    /// Number of the event's entry in the conversation's log.
    pub log_number: u64,
    /// `sequence` of the event.
    pub sequence: u64,
    /// Endpoint that receives the event.
    pub endpoint: EndpointId,
    /// Status of the delivery.
    pub state: State,
    /// Time of the event.
    pub created_at: Timestamp,
    /// Time of the next attempt, while the delivery is pending.
    pub next_attempt_at: Timestamp,
    /// Latest attempts, at most [`KEPT_ATTEMPTS`].
    pub attempts: Vec<Attempt>,
    /// Number of attempts since the delivery was last requested. It selects the next wait of the schedule.
    #[serde(default)]
    pub tries: u32,
}

/// Meaning of an endpoint's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// 2xx: delivered.
    Delivered,
    /// 410: the endpoint does not want any further events.
    Gone,
    /// Any other answer, or no answer.
    Failed {
        /// Wait that a 429 or 503 asks for.
        retry_after: Option<Span>,
    },
}

impl Verdict {
    /// Returns the verdict on an answer. A redirect is a failure. `Retry-After` counts only for 429 and 503.
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
    /// Creates the delivery of an event that has just happened.
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

    /// Returns the delivery with a new schedule that begins now. Its log keeps the earlier attempts.
    pub fn again(self, now: Timestamp) -> Self {
        Self { state: State::Pending, next_attempt_at: now, tries: 0, ..self }
    }

    /// Returns the delivery after one more attempt. `jitter` is a random number below 2^16, which adds up to a tenth to
    /// a wait.
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
