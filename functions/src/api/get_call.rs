//! `GET /v1/calls/{id}`: everything known of a call.

use lambda_http::http::StatusCode;

use super::call_view::CallView;
use super::conversation;
pub(crate) use super::full_call_reads as reads;
use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Authorized;

/// Answers with a call.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let id = conversation(request).ok_or(ApiError::NotFound("call"))?;
    let full = app.store.table.full_call(&caller.scope, id, &items).await?.ok_or(ApiError::NotFound("call"))?;
    Ok(Response::data(StatusCode::OK, request, CallView::from(full))?)
}
