//! `DELETE /v1/webhooks/{id}`: deletes a webhook endpoint. Its pending deliveries are cancelled.

use domain::audit::Action;
use domain::ids::EndpointId;
use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;

use crate::api::paths::no_keys;
use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "delete-webhook",
    trigger: Trigger::Http(Route::with_key(
        "DELETE",
        "/v1/webhooks/{id}",
        Permission::CanManageWebhooks,
        no_keys,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Deletes an endpoint.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let id = EndpointId::parse(request.path("id")).ok_or(ApiError::NotFound("webhook"))?;
    let audit = caller.did(Action::WebhookDeleted, id, Vec::new(), app.now());
    if app.store.table.delete_endpoint(&caller.scope, id, &audit).await? {
        Ok(Response::empty(StatusCode::NO_CONTENT))
    } else {
        Err(ApiError::NotFound("webhook"))
    }
}

#[cfg(feature = "openapi")]
mod document {
    use utoipa::openapi::ResponseBuilder;

    use crate::error::ApiError;
    use crate::openapi::operation::{Document, conflict, invalid_query, operation};
    use crate::openapi::parameters;

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        operation("webhooks", "Delete an endpoint", "What is still to be delivered to it is cancelled.")
            .parameter(parameters::webhook_id())
            .response("204", ResponseBuilder::new().description("It is gone."))
            .refused(vec![invalid_query(), ApiError::NotFound("webhook"), conflict()])
    }
}
