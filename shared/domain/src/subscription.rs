//! Subscriptions: the fan-out of an event to the webhook endpoints of its organization.

use serde::{Deserialize, Serialize};

use crate::ids::{EndpointId, Mode};

/// How many webhook endpoints an organization may have: their deliveries are written in the transaction of an event,
/// which DynamoDB limits to 100 items.
pub const MAX_ENDPOINTS: usize = 20;

/// One endpoint's place in the fan-out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// The endpoint.
    pub id: EndpointId,
    /// The mode whose events it gets.
    pub mode: Mode,
    /// The event types it gets.
    pub events: Vec<String>,
    /// Disabled endpoints get nothing.
    pub enabled: bool,
}

impl Subscription {
    /// Returns `true` if the endpoint gets events of this mode and type.
    pub fn wants(&self, mode: Mode, event: &str) -> bool {
        self.mode == mode && self.enabled && self.events.iter().any(|wanted| wanted == event)
    }
}
