//! A webhook endpoint in responses. `is_active`, `created_at` and `updated_at` duplicate the camel-case names, because clients of PAM's
//! API
//! use them.

use domain::endpoint::Endpoint;
use domain::ids::{EndpointId, Mode};
use domain::time::Timestamp;
use serde::Serialize;

/// Webhook endpoint, which receives events.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Webhook))]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookView {
    /// Id of the endpoint.
    id: EndpointId,
    /// URL that receives the events.
    url: String,
    /// Event types that the endpoint receives.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<domain::log::EventType>))]
    events: Vec<String>,
    /// Mode of the events that the endpoint receives.
    mode: Mode,
    /// `true` if the endpoint receives events.
    is_active: bool,
    /// Reason for which the service disabled the endpoint; null if it did not.
    disabled_reason: Option<String>,
    /// Time until which a replaced secret signs together with the newest one; null if only the newest one signs.
    signed_twice_until: Option<Timestamp>,
    /// Time at which the endpoint was registered.
    created_at: Timestamp,
    /// Time of the last change.
    updated_at: Timestamp,
    /// Alias of `isActive`.
    #[serde(rename = "is_active")]
    is_active_for_pam: bool,
    /// Alias of `createdAt`.
    #[serde(rename = "created_at")]
    created_at_for_pam: Timestamp,
    /// Alias of `updatedAt`.
    #[serde(rename = "updated_at")]
    updated_at_for_pam: Timestamp,
    /// Secret that signs the events. Present only in the response to the request that generated it, and in replays of that request.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl WebhookView {
    pub(crate) fn new(endpoint: Endpoint, mode: Mode, now: Timestamp) -> Self {
        Self {
            signed_twice_until: endpoint.signs_alone_from(now),
            id: endpoint.id,
            url: endpoint.url,
            events: endpoint.events,
            mode,
            is_active: endpoint.enabled,
            disabled_reason: endpoint.disabled_reason,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
            is_active_for_pam: endpoint.enabled,
            created_at_for_pam: endpoint.created_at,
            updated_at_for_pam: endpoint.updated_at,
            secret: None,
        }
    }

    pub(crate) fn with_secret(endpoint: Endpoint, mode: Mode, now: Timestamp) -> Self {
        let secret = endpoint.secrets.first().map(|newest| newest.secret.clone());
        Self { secret, ..Self::new(endpoint, mode, now) }
    }
}
