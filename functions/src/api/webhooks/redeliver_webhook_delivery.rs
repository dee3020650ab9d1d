//! `POST /v1/webhooks/{id}/deliveries/{deliveryId}/redeliver`: sends an event to an endpoint once more.

use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use store::Redelivery;

use crate::api::webhooks::delivery_view::{DeliveryId, DeliveryView};
use crate::api::webhooks::webhook_keys;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "redeliver-webhook-delivery",
    trigger: Trigger::Http(Route::with_key(
        "POST",
        "/v1/webhooks/{id}/deliveries/{deliveryId}/redeliver",
        Permission::CanManageWebhooks,
        webhook_keys,
        |authorized| handle(authorized).boxed(),
    )),
};

/// What a request may say: nothing.
pub(crate) const FIELDS: [&str; 0] = [];

/// Sends the event again, at once and by the whole schedule, whatever came of it so far.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let endpoint = crate::api::webhooks::webhook(&authorized)?;
    let Authorized { app, caller, request, .. } = authorized;
    let id = DeliveryId::parse(request.path("deliveryId")).ok_or(ApiError::NotFound("delivery"))?;
    Fields::open_optional(request, &FIELDS)?.finish()?;
    caller.must_not_be_suspended()?;
    if !endpoint.enabled {
        return Err(ApiError::Conflict("the endpoint is disabled; enable it first".to_owned()));
    }
    match app.store.redeliver(&caller.scope, endpoint.id, id.log, id.number).await? {
        Redelivery::Again(logged) => Ok(Response::data(StatusCode::ACCEPTED, request, DeliveryView::new(*logged))?),
        Redelivery::Missing => Err(ApiError::NotFound("delivery")),
    }
}
