//! A delivery of an event to an endpoint, as its owner sees it.

use std::fmt;

use domain::delivery::{Attempt, State};
use domain::ids::{ConversationId, event_id};
use domain::time::Timestamp;
use serde::{Serialize, Serializer};
use store::LoggedDelivery;

/// What a delivery is called within its endpoint's list: the log that its event stands in, and the place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeliveryId {
    pub(crate) log: ConversationId,
    pub(crate) number: u64,
}

const PREFIX: &str = "dlv_";

impl DeliveryId {
    /// Reads an id; `None` where the text has another form.
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

/// A delivery of an event to an endpoint.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = WebhookDelivery))]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryView {
    /// Its id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    id: DeliveryId,
    /// The event's id: the same at every attempt.
    event_id: String,
    /// The event's type.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<domain::log::EventType>))]
    event: Option<&'static str>,
    /// The conversation that the event is of; null where it is of none.
    conversation_id: Option<ConversationId>,
    /// The event's place in the conversation; null where it is of none.
    sequence: Option<u64>,
    /// Where the delivery stands.
    status: State,
    /// When the event happened.
    created_at: Timestamp,
    /// When it is tried next; null where it is not.
    next_attempt_at: Option<Timestamp>,
    /// What was tried so far: the last 30 attempts.
    attempts: Vec<AttemptView>,
}

/// One attempt to deliver an event.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = WebhookAttempt))]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttemptView {
    /// When it began.
    at: Timestamp,
    /// How long it took.
    duration_ms: u32,
    /// The HTTP status that the endpoint answered with; null where it did not answer.
    status: Option<u16>,
    /// What went wrong where it did not answer.
    error: Option<String>,
    /// The first kilobyte of its answer.
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
