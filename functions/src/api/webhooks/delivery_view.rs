//! A delivery of an event to a webhook endpoint, in responses.

use std::fmt;

use domain::delivery::{Attempt, State};
use domain::ids::{ConversationId, event_id};
use domain::time::Timestamp;
use serde::{Serialize, Serializer};
use store::LoggedDelivery;

/// Id of a delivery within its endpoint's list: the log of the event and the event's position in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeliveryId {
    pub(crate) log: ConversationId,
    pub(crate) number: u64,
}

const PREFIX: &str = "dlv_";

impl DeliveryId {
    /// Parses an id. Returns `None` if the text has another form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (log, number) = text.strip_prefix(PREFIX)?.split_once('.')?;
        let (log, number) = (ConversationId::parse(log)?, number.parse().ok()?);
        Some(Self { log, number }).filter(|id| id.to_string() == text)
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}.{}", self.log, self.number)
    }
}

impl Serialize for DeliveryId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Delivery of an event to a webhook endpoint.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = WebhookDelivery))]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryView {
    /// Id of the delivery.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    id: DeliveryId,
    /// Id of the event, which is the same in all attempts.
    event_id: String,
    /// Type of the event.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<domain::log::EventType>))]
    event: Option<&'static str>,
    /// Id of the event's conversation; null if it belongs to none.
    conversation_id: Option<ConversationId>,
    /// Position of the event in its conversation; null if it belongs to none.
    sequence: Option<u64>,
    /// Status of the delivery.
    status: State,
    /// Time at which the event happened.
    created_at: Timestamp,
    /// Time of the next attempt; null if none is planned.
    next_attempt_at: Option<Timestamp>,
    /// Attempts so far, at most the last 30.
    attempts: Vec<AttemptView>,
}

/// Attempt to deliver an event.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = WebhookAttempt))]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttemptView {
    /// Time at which the attempt began.
    at: Timestamp,
    /// Duration of the attempt, in milliseconds.
    duration_ms: u32,
    /// HTTP status of the endpoint's answer; null if it did not answer.
    status: Option<u16>,
    /// Error of an attempt without an answer; null if the endpoint answered.
    error: Option<String>,
    /// First kilobyte of the endpoint's answer; empty if it did not answer.
    answer: String,
}

impl DeliveryView {
    pub(crate) fn new(logged: LoggedDelivery) -> Self {
        let LoggedDelivery { delivery, entry } = logged;
        let sequence = entry.entry.sequence();
        Self {
            id: DeliveryId { log: delivery.conversation, number: delivery.log_number },
            event_id: event_id(delivery.conversation, sequence.unwrap_or(entry.number)),
            event: entry.entry.event().map(|event| event.event_type().name()),
            conversation_id: sequence.map(|_| delivery.conversation),
            sequence,
            status: delivery.state,
            created_at: delivery.created_at,
            next_attempt_at: Some(delivery.next_attempt_at).filter(|_| delivery.state == State::Pending),
            attempts: delivery.attempts.into_iter().map(AttemptView::new).collect(),
        }
    }
}

impl AttemptView {
    fn new(attempt: Attempt) -> Self {
        let Attempt { at, duration_ms, status, error, answer } = attempt;
        Self { at, duration_ms, status, error, answer }
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::ConversationId;

    use super::DeliveryId;

    #[test]
    fn an_id_is_read_as_it_is_written_and_in_no_other_form() {
        let id = DeliveryId { log: ConversationId::random([7; 16]), number: 12 };
        assert_eq!(DeliveryId::parse(&id.to_string()), Some(id));
        for text in ["", "dlv_", "dlv_.1", &id.to_string().replace(".12", ".012"), &id.to_string().to_uppercase()] {
            assert_eq!(DeliveryId::parse(text), None, "{text}");
        }
    }
}
