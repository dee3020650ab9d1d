//! Vapi's server messages about a call: where it stands, and in the end everything that it was.

use lambda_http::http::StatusCode;
use providers::vapi::call_callback;

use super::hear;
use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Signed;

/// A long call with everything that was said, shown twice: in the message, and in its copy of the call.
pub(crate) const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// Applies the message.
pub(crate) async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let callback = call_callback(signed.request.body(), signed.app.store.table.now());
    hear(&signed, callback).await?;
    Ok(Response::empty(StatusCode::OK))
}
