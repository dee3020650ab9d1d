//! `GET /v1/webhooks/{id}`: one endpoint.

use domain::endpoint::Endpoint;
use lambda_http::http::StatusCode;

pub(crate) use super::webhook_reads as reads;
use super::webhook_view::WebhookView;
use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Authorized;

/// Answers with the endpoint, without its secret.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let endpoint: Endpoint = super::webhook(&authorized)?;
    let Authorized { app, caller, request, .. } = authorized;
    let view = WebhookView::new(endpoint, caller.scope.mode, app.store.table.now());
    Ok(Response::data(StatusCode::OK, request, view)?)
}
