//! `DELETE /v1/do-not-call/{number}`: takes a number off the list.

use lambda_http::http::StatusCode;

pub(crate) use super::no_reads as reads;
use super::put_do_not_call::number;
use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Authorized;

/// Takes a number off the list, whoever put it there, and in whatever form of it.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let number = number(request)?;
    if app.store.table.unsuppress(&caller.scope, &number).await? {
        Ok(Response::empty(StatusCode::NO_CONTENT))
    } else {
        Err(ApiError::NotFound("entry on the do-not-call list"))
    }
}
