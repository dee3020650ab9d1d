//! Webhook endpoints and their deliveries.

pub(crate) mod create_webhook;
pub(crate) mod delete_webhook;
pub(crate) mod delivery_view;
pub(crate) mod fields;
pub(crate) mod get_webhook;
pub(crate) mod list_webhook_deliveries;
pub(crate) mod list_webhooks;
pub(crate) mod redeliver_webhook;
pub(crate) mod redeliver_webhook_delivery;
pub(crate) mod rotate_webhook_secret;
pub(crate) mod test_webhook;
pub(crate) mod update_webhook;
pub(crate) mod view;

use domain::endpoint::Endpoint;
use domain::ids::{EndpointId, Scope};
use store::keys::{self, Key};

use crate::error::ApiError;
use crate::http::Request;
use crate::route::Authorized;

/// Returns the key of the endpoint that the path names.
pub(crate) fn webhook_keys(request: &Request, scope: &Scope) -> Vec<Key> {
    EndpointId::parse(request.path("id")).map(|id| vec![keys::endpoint(scope, id)]).unwrap_or_default()
}

/// Returns the endpoint that the path names, from the items that were loaded.
///
/// # Errors
/// [`ApiError::NotFound`] if the caller's organization and mode has none of this id.
pub(crate) fn webhook(authorized: &Authorized<'_>) -> Result<Endpoint, ApiError> {
    let id = EndpointId::parse(authorized.request.path("id")).ok_or(ApiError::NotFound("webhook"))?;
    let found = authorized.items.read("endpoint", &keys::endpoint(&authorized.caller.scope, id))?;
    found.ok_or(ApiError::NotFound("webhook"))
}
