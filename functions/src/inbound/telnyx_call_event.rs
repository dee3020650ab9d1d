//! Telnyx's events about a call: that it was begun, answered, hung up, recorded.

use lambda_http::http::StatusCode;
use providers::telnyx::call_callback;

use super::hear;
use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Signed;

/// Applies the event. One that does not name its call, about a recording, may be quicker than what names it: it is sent again.
pub(crate) async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let callback = call_callback(signed.request.body(), signed.app.store.table.now());
    let names_call = callback.as_ref().is_some_and(|callback| callback.call_id.is_some());
    let applied = hear(&signed, callback).await?;
    if !names_call && applied.is_some_and(|applied| applied.conversation().provider_call_id.is_none()) {
        return Err(ApiError::Conflict("the call is not known yet; send it again".to_owned()));
    }
    Ok(Response::empty(StatusCode::OK))
}
