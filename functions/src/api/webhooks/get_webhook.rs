//! `GET /v1/webhooks/{id}`: one endpoint.

use domain::endpoint::Endpoint;
use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;

use crate::api::webhooks::view::WebhookView;
use crate::api::webhooks::webhook_keys;
use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "get-webhook",
    trigger: Trigger::Http(Route::with_key(
        "GET",
        "/v1/webhooks/{id}",
        Permission::CanManageWebhooks,
        webhook_keys,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns the endpoint, without its secret.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let endpoint: Endpoint = crate::api::webhooks::webhook(&authorized)?;
    let Authorized { app, caller, request, .. } = authorized;
    let view = WebhookView::new(endpoint, caller.scope.mode, app.now());
    Ok(Response::data(StatusCode::OK, request, view)?)
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::Value;

    use crate::api::webhooks::view::WebhookView;
    use crate::openapi::operation::{Document, invalid_query, no_webhook, operation};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let found = answers::json(Some(answer()), "The endpoint.", schema::envelope(schema::of::<WebhookView>()));
        operation("webhooks", "Get an endpoint", "One endpoint, without its secret.")
            .parameter(parameters::webhook_id())
            .response("200", found)
            .refused(vec![invalid_query(), no_webhook()])
    }

    fn answer() -> Value {
        examples::one(examples::webhook())
    }
}
