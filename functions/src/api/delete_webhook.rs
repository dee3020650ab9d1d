//! `DELETE /v1/webhooks/{id}`: forgets an endpoint. What was pending for it is cancelled.

use domain::audit::Action;
use domain::ids::EndpointId;
use lambda_http::http::StatusCode;

pub(crate) use super::no_reads as reads;
use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Authorized;

/// Deletes an endpoint.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let id = EndpointId::parse(request.path("id")).ok_or(ApiError::NotFound("webhook"))?;
    let audit = caller.did(Action::WebhookDeleted, id, Vec::new(), app.store.table.now());
    if app.store.table.delete_endpoint(&caller.scope, id, &audit).await? {
        Ok(Response::empty(StatusCode::NO_CONTENT))
    } else {
        Err(ApiError::NotFound("webhook"))
    }
}
