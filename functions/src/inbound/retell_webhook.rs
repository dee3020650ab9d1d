//! Retell's webhooks about a call: that it was answered, that it is over, that it was analysed.

use lambda_http::http::StatusCode;
use providers::retell::call_callback;

use super::hear;
use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Signed;

/// A call of two hours, with its words and their times, and every tool it used.
pub(crate) const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// Applies the webhook.
pub(crate) async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let callback = call_callback(signed.request.body(), signed.app.store.table.now());
    hear(&signed, callback).await?;
    Ok(Response::empty(StatusCode::OK))
}
