//! `POST …/calls/{id}/{attempt}/status`: Twilio's callbacks about a call, in any order and more than once: how far it is, who or
//! what answered, where its recording is.

use lambda_http::http::StatusCode;
use providers::twilio::call_callback;

use super::hear;
use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Signed;

/// Applies the callback.
pub(crate) async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let callback = call_callback(signed.request.body(), signed.app.store.table.now());
    hear(&signed, callback).await?;
    Ok(Response::empty(StatusCode::OK))
}
