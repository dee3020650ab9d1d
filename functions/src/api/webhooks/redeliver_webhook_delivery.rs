//! `POST /v1/webhooks/{id}/deliveries/{deliveryId}/redeliver`: sends an event to an endpoint again.

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
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Fields that a request may have: none.
pub(crate) const FIELDS: [&str; 0] = [];

/// Sends the event again immediately, with the full retry schedule. The current status of the delivery does not matter.
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

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};

    use crate::api::webhooks::delivery_view::DeliveryView;
    use crate::error::ApiError;
    use crate::openapi::operation::{
        Document, conflict, disabled, invalid_query, no_webhook, operation, suspended, with_body,
    };
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let schema = schema::envelope(schema::of::<DeliveryView>());
        let own =
            vec![invalid_query(), suspended(), no_webhook(), ApiError::NotFound("delivery"), disabled(), conflict()];
        operation("webhooks", "Send an event once more", REDELIVER_ONE)
            .parameter(parameters::webhook_id())
            .parameter(parameters::delivery_id())
            .response("202", answers::json(Some(answer()), "It is on its way again.", schema))
            .refused(with_body(own))
    }

    const REDELIVER_ONE: &str = "At once, under the event's own id, and by the whole schedule should it fail again. Whatever came of \
    it so far: one that was delivered is delivered twice.";

    fn answer() -> Value {
        examples::one(examples::administration::delivery("pending", json!("2026-04-14T09:00:00.000Z")))
    }
}
