//! A webhook endpoint as clients see it. `is_active`, `created_at` and `updated_at` stand beside the camel-case names:
//! PAM's clients use them.

use domain::endpoint::Endpoint;
use domain::ids::{EndpointId, Mode};
use domain::time::Timestamp;
use serde::Serialize;

/// A webhook endpoint.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Webhook))]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookView {
    /// Its id.
    id: EndpointId,
    /// Where events go.
    url: String,
    /// Which events it gets.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<domain::log::EventType>))]
    events: Vec<String>,
    /// The mode whose events it gets.
    mode: Mode,
    /// Whether it gets events.
    is_active: bool,
    /// Why it was disabled, where its owner did not do it.
    disabled_reason: Option<String>,
    /// Until when a secret that was replaced signs beside the newest one; null where that one signs alone.
    signed_twice_until: Option<Timestamp>,
    /// When it was registered.
    created_at: Timestamp,
    /// When it was last changed.
    updated_at: Timestamp,
    /// The same as `isActive`.
    #[serde(rename = "is_active")]
    is_active_for_pam: bool,
    /// The same as `createdAt`.
    #[serde(rename = "created_at")]
    created_at_for_pam: Timestamp,
    /// The same as `updatedAt`.
    #[serde(rename = "updated_at")]
    updated_at_for_pam: Timestamp,
    /// Shown once: in the answer to the request that made the secret, and to that request's replays.
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
