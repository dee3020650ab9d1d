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
};

/// Answers with the endpoint, without its secret.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let endpoint: Endpoint = crate::api::webhooks::webhook(&authorized)?;
    let Authorized { app, caller, request, .. } = authorized;
    let view = WebhookView::new(endpoint, caller.scope.mode, app.store.table.now());
    Ok(Response::data(StatusCode::OK, request, view)?)
}
