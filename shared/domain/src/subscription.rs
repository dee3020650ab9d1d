//! Subscriptions: the fan-out of an event to the webhook endpoints of its organization.

use serde::{Deserialize, Serialize};

use crate::ids::{EndpointId, Mode};

/// Maximum number of webhook endpoints of an organization. Their deliveries are written in the transaction of an event,
/// which DynamoDB limits to 100 items.
pub const MAX_ENDPOINTS: usize = 20;

/// Name that subscribes an endpoint to the events of every type, also of types that are added later.
pub const EVERY_EVENT: &str = "*";

/// Subscription of one endpoint to events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// Id of the endpoint.
    pub id: EndpointId,
    /// Mode of the events that the endpoint gets.
    pub mode: Mode,
    /// Event types that the endpoint gets, or [`EVERY_EVENT`].
    pub events: Vec<String>,
    /// `true` if the endpoint is enabled. A disabled endpoint gets no events.
    pub enabled: bool,
}

impl Subscription {
    /// Returns `true` if the endpoint gets events of this mode and type.
    pub fn wants(&self, mode: Mode, event: &str) -> bool {
        self.mode == mode && self.enabled && self.events.iter().any(|wanted| wanted == event || wanted == EVERY_EVENT)
    }
}

#[cfg(test)]
mod tests {
    use super::{EVERY_EVENT, Subscription};
    use crate::ids::{EndpointId, Mode};
    use crate::log::EventType;

    #[test]
    fn an_endpoint_gets_the_types_that_it_names_or_every_type() {
        let subscription = |events: &[&str]| Subscription {
            id: EndpointId::random([7; 16]),
            mode: Mode::Test,
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            enabled: true,
        };
        for event in EventType::ALL {
            assert!(subscription(&[EVERY_EVENT]).wants(Mode::Test, event.name()));
            assert_eq!(subscription(&["call.ended"]).wants(Mode::Test, event.name()), event == EventType::CallEnded);
        }
        assert!(!subscription(&[EVERY_EVENT]).wants(Mode::Live, "call.ended"));
        assert!(!Subscription { enabled: false, ..subscription(&[EVERY_EVENT]) }.wants(Mode::Test, "call.ended"));
    }
}
