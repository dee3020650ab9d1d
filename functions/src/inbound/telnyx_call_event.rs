//! Events of Telnyx about a call: it was begun, answered, hung up, or recorded.
//!
//! Events come in any order, and possibly twice. Statuses only move forward, and each fact is filled in once.

use domain::provider::Provider;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use providers::telnyx::call_callback;

use super::hear;
use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Function, Route, Signed, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "telnyx-call-event",
    trigger: Trigger::Http(Route::signed(
        "/inbound/telnyx/{organization}/calls/{id}/{attempt}/events",
        Provider::Telnyx,
        |signed| handle(signed).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Applies the event. One that does not name its call, about a recording, may be quicker than what names it: it is sent again.
async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let callback = call_callback(signed.request.body(), signed.app.now());
    let names_call = callback.as_ref().is_some_and(|callback| callback.call_id.is_some());
    let applied = hear(&signed, callback).await?;
    if !names_call && applied.is_some_and(|applied| applied.conversation().provider_call_id.is_none()) {
        return Err(ApiError::Conflict("the call is not known yet; send it again".to_owned()));
    }
    Ok(Response::empty(StatusCode::OK))
}

#[cfg(feature = "openapi")]
mod document {
    use domain::provider::Provider;

    use crate::openapi::callback::{About, TAKEN, callback};
    use crate::openapi::operation::Document;

    /// Describes the callback for the OpenAPI document.
    pub(super) fn describe() -> Document {
        callback(Provider::Telnyx, "Telnyx tells of a call", About::Call, TAKEN)
    }
}
