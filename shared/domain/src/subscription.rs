//! Subscriptions: the fan-out of an event to the webhook endpoints of its organization.

use serde::{Deserialize, Serialize};

use crate::ids::{EndpointId, Mode};

/// Maximum number of webhook endpoints of an organization. Their deliveries are written in the transaction of an event,
/// which DynamoDB limits to 100 items.
pub const MAX_ENDPOINTS: usize = 20;

/// Subscription of one endpoint to events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// Id of the endpoint.
    pub id: EndpointId,
    /// Mode of the events that the endpoint gets.
    pub mode: Mode,
    /// Event types that the endpoint gets.
    pub events: Vec<String>,
    /// `true` if the endpoint is enabled. A disabled endpoint gets no events.
    pub enabled: bool,
}

impl Subscription {
    /// Returns `true` if the endpoint gets events of this mode and type.
    pub fn wants(&self, mode: Mode, event: &str) -> bool {
        self.mode == mode && self.enabled && self.events.iter().any(|wanted| wanted == event)
    }
}
